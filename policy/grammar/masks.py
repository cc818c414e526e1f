"""Which actions the automaton allows, as one pure function of the holes on top.

N holes (the rows of a step, or all positions of many programs), V actions, W words of a set of
them, H hole types, v variants (what tasks forbid).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy.typing import NDArray
from torch import Tensor

from policy.grammar import bits, entries
from policy.grammar.bits import FRESH, LAST_SLOTS, POINTED, SEEN, SOURCES, STORABLE, UNSEEN, WORDS
from policy.grammar.grammar import GRAMMAR
from policy.grammar.layout import (
    AROUND,
    AROUND_BITS,
    KEYWORD_ROW,
    NODES,
    NUM_ROWS,
    NUM_SIGNALS,
    POINTERS,
    RETURN_BITS,
    RETURNS,
    SIGNAL_BIT,
    SIGNAL_SHIFT,
)
from policy.grammar.moves import Ints, moves
from policy.grammar.profiles import Profile
from policy.grammar.rows import Rows
from policy.grammar.rules import Rules, rules
from policy.grammar.typed import Expected

# Slots are bound in their order: what is seen of them, and one, is the first that is not; the
# double of what is seen, and one, is that as well as what is seen.
_TURN: Final = [{SEEN: 1, UNSEEN: -1, STORABLE: 2, FRESH: 1}.get(at, 0) for at in range(SOURCES)]
_SHIFT: Final = SIGNAL_BIT + SIGNAL_SHIFT - RETURN_BITS, LAST_SLOTS - AROUND_BITS
_MASK: Final = ((1 << NUM_SIGNALS) - 1) << RETURN_BITS, 7 << AROUND_BITS


@dataclass(frozen=True, eq=False)
class Common:
    """What no profile changes, on one device."""

    returns: Int[Tensor, "512 W"]
    """What is allowed by what returns and yields ask for, signals included."""
    around: Int[Tensor, "256 W"]
    """What is allowed by the hole's surroundings and the slots that are unused."""
    pointers: Int[Tensor, "32 6 T"]
    """Names and literals allowed of each source."""
    turn: Int[Tensor, "6 1"]
    """How often what is seen is added to the rows' sources to make them up."""
    shift: Int[Tensor, "2 1"]
    mask: Int[Tensor, "2 1"]
    """Where signals and the last slots stand in what is seen, beside the fields they go with."""


@dataclass(frozen=True, eq=False)
class Tables:
    """The `Rules` of every variant v of a batch; a hole h of variant v is hole v*H + h."""

    common: Common
    fill: Int[Tensor, " vH*V"]
    """int32: the row of `entries` of an action in a hole."""
    entries: Int[Tensor, "E X"]
    """As `entries.rows` says."""
    within: Int[Tensor, "v*R*A W"]
    """What is allowed with 0, 1, … actions to spare, `levels` of them, by the hole's row."""
    levels: int
    within_nodes: Int[Tensor, "v*R*A W"]
    node_levels: int
    least: Int[Tensor, "vH 2"]
    """Fewest actions, and fewest nodes, that fill a hole."""
    forgone: Int[Tensor, " vH"]
    """Actions that what is forbidden makes the shortest filling of a hole longer by."""


@lru_cache(maxsize=4)
def common_on(device: torch.device) -> Common:
    """The tables that every profile shares."""

    def put(array: Ints, dtype: torch.dtype = torch.int64) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device, dtype)

    return Common(
        returns=put(bits.returns()),
        around=put(bits.around()),
        pointers=put(bits.pointers()),
        turn=put(np.array(_TURN)[:, None]),
        shift=put(np.array(_SHIFT)[:, None]),
        mask=put(np.array(_MASK)[:, None]),
    )


@lru_cache(maxsize=16)
def tables_on(
    profile: Profile, forbids: tuple[tuple[str, ...], ...], device: torch.device
) -> Tables:
    """The tables of `profile` under each of `forbids`. Raises ValueError as `rules` does."""
    found = [rules(profile, forbid) for forbid in forbids]
    fill, rows = _entries(found)
    within, levels = _within(found, 0)
    within_nodes, node_levels = _within(found, 1)
    least = np.concatenate([rule.least for rule in found])
    forgone = np.concatenate([rule.least[:, 0] - found[0].least[:, 0] for rule in found])
    return Tables(
        common=common_on(device),
        fill=torch.from_numpy(fill).to(device),
        entries=torch.from_numpy(rows).to(device),
        within=torch.from_numpy(within).to(device),
        levels=levels,
        within_nodes=torch.from_numpy(within_nodes).to(device),
        node_levels=node_levels,
        least=torch.from_numpy(least).to(device),
        forgone=torch.from_numpy(forgone).to(device),
    )


def _entries(found: list[Rules]) -> tuple[NDArray[np.int32], Ints]:
    """[v*H*V] the row of each action in a hole, and the rows, all different."""
    allowed = np.stack([rule.allowed for rule in found])
    allowed[:, 0] = False
    _, hole, action = allowed.nonzero()
    excess = np.concatenate([rule.excess[kept] for rule, kept in zip(found, allowed, strict=True)])
    on = moves()
    said = on.rest[hole, action], on.mode[hole], on.binds[hole, action], action, *excess.T
    key = np.zeros(len(action), dtype=np.int64)
    for column in said:
        # What is not to be had everywhere may cost less than what is.
        least = int(column.min())
        key = key * (int(column.max()) - least + 1) + column - least
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    rest, mode, binds, action = (column[first] for column in said[:4])
    rows = entries.rows(rest, mode, binds, action, excess[first])
    fill = np.zeros(allowed.shape, dtype=np.int32)
    fill[allowed] = 1 + which
    return fill.reshape(-1), rows


def _within(found: list[Rules], which: int) -> tuple[Ints, int]:
    """[v*R*levels, W] sets of actions by what is to spare, and how many levels tell them apart."""
    levels = 1 + max(int(rule.excess[rule.allowed, which].max()) for rule in found)
    sets = np.zeros((len(found), NUM_ROWS, levels, WORDS), dtype=np.int64)
    keywords = GRAMMAR.hole_ids["keywords"]
    for own, rule in zip(sets, found, strict=True):
        hole, action = rule.allowed.nonzero()
        level = rule.excess[hole, action, which].clip(min=0)
        np.bitwise_or.at(own, (hole, level, action // 64), np.int64(1) << action % 64)
        np.bitwise_or.accumulate(own, axis=1, out=own)
        own[KEYWORD_ROW:] = own[keywords] & bits.keywords()[:, None]
    return sets.reshape(-1, WORDS), levels


def allowed(
    on: Tables,
    rows: Rows,
    top: Int[Tensor, "rows N"],
    typed: Expected | None,
    affordable: Int[Tensor, "N W"] | None,
    *,
    varied: bool,
    counted: bool,
) -> Int[Tensor, "N W"]:
    """Actions allowed in the holes on top (as `layout` says), as sets.

    `typed`: what they expect; `affordable`: what can be paid where something is required; `varied`:
    rows may be of other variants than the first; `counted`: nodes count.
    """
    pointers, row, room, seen, actions, nodes = top[POINTERS : NODES + 1].unbind()
    mask = _in_context(on.common, rows, top, pointers, seen, typed)
    if varied:
        row = torch.add(row, rows.variant, alpha=NUM_ROWS)
    if affordable is None:
        # What is too deep has no room: it must be closed.
        level = torch.minimum(actions, room)
    else:
        level, counted = torch.full_like(row, on.levels - 1), False
        mask &= affordable
    mask &= on.within.index_select(0, torch.add(level, row, alpha=on.levels))
    if counted:
        level = nodes.clamp(max=on.node_levels - 1)
        mask &= on.within_nodes.index_select(0, torch.add(level, row, alpha=on.node_levels))
    if typed is not None:
        # Where no value of a fitting type can be had any more, another closes the program.
        fitting = mask & typed.sets
        mask = torch.where(fitting.any(1, keepdim=True), fitting, mask)
    return mask


def _in_context(
    on: Common,
    rows: Rows,
    top: Int[Tensor, "rows N"],
    pointers: Int[Tensor, " N"],
    seen: Int[Tensor, " N"],
    typed: Expected | None,
) -> Int[Tensor, "N W"]:
    """What scope and surroundings allow."""
    states = seen >> on.shift
    states &= on.mask
    states += top[RETURNS : AROUND + 1]
    returns, around = states.unbind()
    mask = on.returns.index_select(0, returns)
    mask &= on.around.index_select(0, around)
    sources = torch.addcmul(rows.sources, seen[:, None, None], on.turn)
    if typed is not None:
        sources &= typed.known
    pointed = on.pointers.index_select(0, pointers)
    pointed &= sources
    mask[:, POINTED].bitwise_or_(pointed.sum(1))
    return mask


def unpack(sets: Int[Tensor, "... W"]) -> Bool[Tensor, "... V"]:
    """Sets as booleans."""
    if sets.device.type == "cpu" and not torch.compiler.is_compiling():
        whole = _eight().take(sets.contiguous().view(torch.uint8).long()).view(torch.bool)
    else:
        whole = (sets[..., None] >> torch.arange(64, device=sets.device)) & 1 != 0
    return whole.view(*sets.shape[:-1], WORDS * 64)[..., : GRAMMAR.num_actions]


@lru_cache(maxsize=1)
def _eight() -> Int[Tensor, " 256"]:
    """By byte, its bits as the bytes of a word."""
    each = np.arange(256, dtype=np.uint8)[:, None]
    return torch.from_numpy(np.unpackbits(each, axis=1, bitorder="little").view(np.int64)[:, 0])
