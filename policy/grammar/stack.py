"""The stacks of B programs and what is remembered beside them, read and written by index.

`cells` hold a row's memory (`layout`), then its stack: WHERE of every place, then PLACE. `top` is
all that is known of the hole on top. A push is one write of all cells that an action changes, and
two reads: of the hole that is on top now, and of what stands in the cells that it names.

B rows, S cells, R rows of what is known, F fields, n cells that an action writes.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from policy.grammar import context
from policy.grammar.entries import CELLS, NOWHERE, ORIGINS, PLACES, TIMES, WRITTEN
from policy.grammar.layout import (
    ACTIONS,
    COLUMNS,
    FEATURES,
    FIELDS,
    FIRST_PARENT,
    HEIGHT,
    NO_NAME,
    NODES,
    NUM_REGISTERS,
    NUM_SCOPES,
    OUTER,
    OWN,
    PLACE,
    POSITION,
    READ,
    REGISTERS,
    ROOT_SCOPE,
    SIGNAL_SHIFT,
    WHERE,
    WRITE,
)

MAX_FEATURE = 31
_ADVANCE = 1 << 9
_LEAST, _MOST = torch.iinfo(torch.int64).min, torch.iinfo(torch.int64).max


class Stack(NamedTuple):
    """How the cells are read and written, for one size of the stack on one device."""

    base: int
    """The cell of place 0, which stays empty: finished rows read it."""
    empty: Int[Tensor, "S 1"]
    registers: Int[Tensor, "7 1"]
    """Before the first action."""
    word: Int[Tensor, "F 1"]
    """How far from the cell of a place its word stands in which the field is."""
    shift: Int[Tensor, "F 1"]
    mask: Int[Tensor, "F 1"]
    names: Int[Tensor, "1 1"]
    """What is seen, signals aside."""
    rows: Int[Tensor, " 3n"]
    """The rows to take of what is known, to write: `ORIGINS`, `TIMES` and `WRITTEN`."""
    offsets: Int[Tensor, "n 1"]
    kept: Int[Tensor, "7 1"]
    """1 for registers that are added to, 0 for those that are set."""
    least: Int[Tensor, "7 1"]
    most: Int[Tensor, "7 1"]
    """Bounds of the registers: only what is not allowed can meet them."""
    features: Int[Tensor, " 6"]
    """The rows of the features, what is taken off them, and their bounds."""
    before: Int[Tensor, "6 1"]
    lowest: Int[Tensor, "6 1"]
    highest: Int[Tensor, "6 1"]


@lru_cache(maxsize=64)
def stack_for(max_actions: int, levels: int, device: torch.device, *, advanced: bool) -> Stack:
    """The stack of programs of so many actions; `levels` are those of `masks.Tables`.

    `advanced`: less than nothing may be left to spend, where what is required will be cheaper than
    what was reckoned with.
    """

    def put(*values: int) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=device)

    depth, base = max_actions + PLACES + 2, FIRST_PARENT + max_actions
    fields = [bits._replace(mask=levels - 1) if name == "room" else bits
              for name, bits in FIELDS.items()]  # fmt: skip
    empty = put(*[0] * NUM_SCOPES, *[-1] * (base - NUM_SCOPES), *[0] * COLUMNS * depth)
    empty[base + PLACE * depth] = NOWHERE
    registers = {HEIGHT: base + 1, READ: NO_NAME[0], WRITE: NO_NAME[1]}
    kept = {ACTIONS, NODES, HEIGHT, POSITION}
    spent = -_ADVANCE if advanced else 0
    least = {ACTIONS: spent, NODES: spent, HEIGHT: base, POSITION: 0}
    most = {HEIGHT: base + depth - PLACES, POSITION: max_actions - 1}
    every = range(REGISTERS, REGISTERS + NUM_REGISTERS)
    places = range(PLACES)
    return Stack(
        base,
        empty[:, None],
        put(*(registers.get(at, 0) for at in every))[:, None],
        put(*(bits.word * depth for bits in fields))[:, None],
        put(*(bits.first for bits in fields))[:, None],
        put(*(bits.mask for bits in fields))[:, None],
        put(~(context.SIGNALS << SIGNAL_SHIFT))[:, None],
        put(*ORIGINS, *TIMES, *WRITTEN),
        put(*places, *(depth + place for place in places), *[0] * (CELLS - 2 * PLACES))[:, None],
        put(*(int(at in kept) for at in every))[:, None],
        put(*(least.get(at, _LEAST) for at in every))[:, None],
        put(*(most.get(at, _MOST) for at in every))[:, None],
        put(*FEATURES),
        put(0, FIRST_PARENT, 0, 0, 0, 0)[:, None],
        put(*[-1] * 6)[:, None],
        put(_MOST, _MOST, _MOST, MAX_FEATURE, MAX_FEATURE, _MOST)[:, None],
    )


def opened(
    on: Stack, first: Int[Tensor, "2 B"], seen: Int[Tensor, " B"], spare: Int[Tensor, "2 B"]
) -> tuple[Int[Tensor, "S B"], Int[Tensor, "R B"]]:
    """The cells with a first hole each, and what is known of it."""
    cells = on.empty.repeat(1, len(seen))
    cells[ROOT_SCOPE] = seen
    depth = (len(cells) - on.base) // COLUMNS
    for column in (WHERE, PLACE):
        cells[on.base + column * depth + 1] = first[column]
    registers = on.registers.repeat(1, len(seen))
    registers[ACTIONS - REGISTERS : NODES + 1 - REGISTERS] = spare
    return cells, read(on, cells, registers)


def write(
    on: Stack, cells: Int[Tensor, "S B"], top: Int[Tensor, "R B"], row: Int[Tensor, "B X"]
) -> Int[Tensor, "R B"]:
    """Let actions, whose rows of `entries` are given, fill the holes on top; returns the new top.

    What is bound or signalled is seen in the hole's scope, and in one opened in it. Other scopes
    have no hole on the stack, or get to see it when one of theirs is on top.
    """
    head, rest = torch.split(row.t(), [NUM_REGISTERS, 3 * CELLS])
    keep, add, coefficient = rest.view(3, CELLS, -1).unbind()
    written, times, where = top.index_select(0, on.rows).view(3, CELLS, -1).unbind()
    written &= keep
    written += add
    written.addcmul_(times, coefficient)
    where += on.offsets
    cells.scatter_(0, where, written)
    registers = torch.addcmul(head, top[REGISTERS:], on.kept)
    return read(on, cells, registers.clamp_(on.least, on.most))


def read(on: Stack, cells: Int[Tensor, "S B"], registers: Int[Tensor, "7 B"]) -> Int[Tensor, "R B"]:
    """What is known of the holes on top."""
    fields = cells.gather(0, on.word + registers[HEIGHT - REGISTERS])
    fields >>= on.shift
    fields &= on.mask
    named = torch.cat((fields[:3], registers[READ - REGISTERS : WRITE - REGISTERS]))
    found = cells.gather(0, named)
    # No scope but the one around it can have seen names since the hole's was on top.
    seen = found[OUTER : OUTER + 1] & on.names
    seen |= found[OWN : OWN + 1]
    return torch.cat((found, fields, seen, registers))


def features(on: Stack, top: Int[Tensor, "R N"]) -> Int[Tensor, "N 6"]:
    """As `Automaton.features` says."""
    found = top.index_select(0, on.features)
    found -= on.before
    # The last action may have been a name; but no action comes after it that could be told.
    found[-1].masked_fill_(found[0] == 0, -1)
    return found.clamp_(on.lowest, on.highest).t()
