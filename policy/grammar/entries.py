"""What an action writes: one row of numbers for each thing that an action can do in a hole.

A row begins with what is added to the registers, or takes their place (`layout.REGISTERS`), in
their order. Then, for the cells written, what is kept of a word read before, what is added to that,
and what it is to be multiplied by that is added as well (`ORIGINS`, `TIMES`):

    written = (origin & keep) + add + times * coefficient

N rows, V actions, C holes that an action opens at most, n cells.
"""

from functools import cache, lru_cache
from typing import Final

import numpy as np

from policy.grammar import context
from policy.grammar.grammar import GRAMMAR
from policy.grammar.layout import (
    AT,
    BEYOND_BIT,
    BLOCK,
    BOUND,
    DEPTH_BIT,
    FIRST_NAME,
    FIRST_PARENT,
    HEIGHT,
    KEYWORD_BIT,
    KIND_BIT,
    NEST_BITS,
    NO_NAME,
    NUM_KEYWORDS,
    NUM_REGISTERS,
    OPENED,
    PARENT,
    PARENT_BIT,
    POSITION,
    READ,
    REGISTERS,
    ROW_BIT,
    SCOPE,
    SCOPE_BIT,
    SCOPES,
    SEEN_ROW,
    SIGNAL_SHIFT,
    SLOT_BIT,
    STANDS,
    WRITE,
)
from policy.grammar.moves import MAX_CHILDREN, Bools, Ints, codes, moves, names

PLACES: Final = MAX_CHILDREN + 1
"""Of the stack, that an action writes: what stays of a list, then its holes, the last one first."""
# The cells written: both words of the places, the hole's scope, the one that it may open, the child
# filled last of its parent, and the last use of the name before.
_OWN, _NEW, _CHILD, _USE = range(2 * PLACES, 2 * PLACES + 4)
CELLS: Final = 2 * PLACES + 4
ORIGINS: Final = (AT,) * PLACES + (STANDS,) * PLACES + (SEEN_ROW,) * 4
TIMES: Final = (SCOPES,) * PLACES + (POSITION,) * (PLACES + 4)
WRITTEN: Final = (HEIGHT,) * 2 * PLACES + (SCOPE, OPENED, PARENT, WRITE)
"""Of each cell, the row of what is known of the hole on top that its number is read in."""
NOWHERE: Final = NO_NAME[0] << PARENT_BIT
"""PLACE of no hole."""
_KIND_BITS: Final = 7 << KIND_BIT | BLOCK
_INHERITED: Final = (
    (1 << DEPTH_BIT) - 1 & ~NEST_BITS & ~_KIND_BITS | 0xFF << DEPTH_BIT | -1 << BEYOND_BIT
)
"""Of WHERE: flags, and the depths."""
_USED: Final = ((1 << NUM_KEYWORDS) - 1) << ROW_BIT
_SIGNALS: Final = context.SIGNALS << SIGNAL_SHIFT


def rows(rest: Ints, mode: Ints, binds: Bools, action: Ints, excess: Ints) -> Ints:
    """[1 + N, NUM_REGISTERS + 3n] what the actions do in holes of the modes, where `rest` stays.

    `excess`: [N, 2] what they cost beyond the cheapest filling. The first row is for no hole.
    """
    stays = (rest > 0).astype(np.int64)
    cells = _cells()[stays, mode, action]
    keep, add, _ = cells.transpose(1, 2, 0)
    where, place = codes()
    add[0] += stays * where[rest]
    add[PLACES] += stays * place[rest]
    # What keyword arguments were used is known to the rest of their list alone.
    listed, used = rest == GRAMMAR.hole_ids["keywords"], _used()[action]
    keep[PLACES] |= listed * (_USED & ~used)
    add[PLACES] |= listed * used
    bit = np.where(binds, names()[action], 0)
    keep[_OWN : _NEW + 1] &= ~bit
    add[_OWN : _NEW + 1] |= bit
    head = _heads()[action]
    head[:, :2] -= excess
    head[:, HEIGHT - REGISTERS] += stays
    head[:, BOUND - REGISTERS] = bit
    found = np.empty((1 + len(head), NUM_REGISTERS + 3 * CELLS), dtype=np.int64)
    found[0] = _inert()
    found[1:, :NUM_REGISTERS] = head
    found[1:, NUM_REGISTERS:] = cells.reshape(len(cells), -1)
    return found


def _inert() -> Ints:
    """[NUM_REGISTERS + 3n] what is pushed where there is no hole: it changes nothing."""
    row = np.zeros(NUM_REGISTERS + 3 * CELLS, dtype=np.int64)
    row[[READ - REGISTERS, WRITE - REGISTERS]] = NO_NAME
    row[POSITION - REGISTERS] = 1
    _, add, times = row[NUM_REGISTERS:].reshape(3, CELLS)
    add[PLACES], add[[_CHILD, _USE]], times[_USE] = NOWHERE, -1, 1
    return row


def _heads() -> Ints:
    """[V, NUM_REGISTERS] what becomes of the registers where nothing stays and nothing is bound."""
    bits = [context.name_bit(action) for action in GRAMMAR.actions]
    return np.array(
        [
            (
                0,
                0,
                len(action.holes) - 1,
                1,
                *(NO_NAME if bit is None else (FIRST_NAME + bit,) * 2),
                0,
            )
            for action, bit in zip(GRAMMAR.actions, bits, strict=True)
        ]
    )


def _used() -> Ints:
    """[V] keyword arguments that a call has used after each action, in PLACE."""
    bits = [context.leaves(action) for action in GRAMMAR.actions]
    return np.array(bits) >> KEYWORD_BIT << ROW_BIT


@lru_cache(maxsize=1)
def _cells() -> Ints:
    """[2, 3, V, 3, n] by whether a list stays, the hole's mode, and the action."""
    table = np.zeros((3, CELLS, 2, 3, GRAMMAR.num_actions), dtype=np.int64)
    keep, add, times = table
    keep[0, 1], keep[PLACES, 1], add[PLACES, 1] = ~_KIND_BITS, -1 << PARENT_BIT, 1 << SLOT_BIT
    signals = np.array([context.signals(action) << SIGNAL_SHIFT for action in GRAMMAR.actions])
    keep[_OWN], add[_OWN], keep[_NEW] = ~signals, signals, ~_SIGNALS
    times[[_CHILD, _USE]], add[_USE] = 1, -1
    action, slot, at, inherited = _children()
    where, place = codes()[:, moves().children[:, action, slot]]
    place = place + (slot << SLOT_BIT) + (FIRST_PARENT << PARENT_BIT)
    for stays in range(2):
        for mode in range(3):
            table[:, at + stays, stays, mode, action] = inherited.T
            add[at + stays, stays, mode, action] += where[mode]
            add[at + stays + PLACES, stays, mode, action] = place[mode]
            times[at + stays + PLACES, stays, mode, action] = 1 << PARENT_BIT
    return np.ascontiguousarray(np.moveaxis(table, (0, 1), (3, 4)))


def _children() -> tuple[Ints, Ints, Ints, Ints]:
    """Every hole that an action opens: the action, slot, place, and [3] what becomes of WHERE."""
    found = [
        (action.id, slot, len(action.holes) - 1 - slot, _inherited(context.effect(action, use)))
        for action in GRAMMAR.actions
        for slot, use in enumerate(action.holes)
    ]
    action, slot, at, inherited = (np.array(column) for column in zip(*found, strict=True))
    return action, slot, at, inherited


@cache
def _inherited(effect: context.Effect) -> tuple[int, int, int]:
    # Plain numbers: a flag's bits above those of all flags would be lost.
    clear, value = int(effect.clear), int(effect.set)
    keep = _INHERITED & ~clear & ~value
    keep |= 0 if effect.resets_nest else NEST_BITS
    keep |= 0 if effect.scope else 0xFFFF << SCOPE_BIT
    add = value | effect.nest + int(effect.resets_nest)
    add += (1 << DEPTH_BIT) + (1 << BEYOND_BIT)
    # Depth and scope, which stand side by side, become the new hole's scope and the one around it.
    return keep, add, 1 << SCOPE_BIT if effect.scope else 0
