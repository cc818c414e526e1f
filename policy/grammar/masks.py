"""Which actions the automaton allows, as one pure function of the holes on top.

N holes (the rows of a step, or all positions of many programs), V actions, W words of a set of
them, H hole types, v variants (what tasks forbid).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from policy.grammar import bits
from policy.grammar.bits import POINTED, SOURCES, WORDS
from policy.grammar.grammar import GRAMMAR
from policy.grammar.layout import FIELDS
from policy.grammar.moves import Ints, moves
from policy.grammar.profiles import Profile
from policy.grammar.rows import Rows
from policy.grammar.rules import Rules, rules
from policy.grammar.typed import Expected

MAX_DEPTH = 40
"""Actions above a hole from which on only the shortest completion is allowed: CPython's parser, its
compiler and `ast.unparse` recurse, each to a limit."""
_HOLE, _DEPTH, _FLAGS = (list(FIELDS).index(name) for name in ("hole", "depth", "flags"))


class Holes(NamedTuple):
    """The holes to allow actions in."""

    fields: Int[Tensor, "F N"]
    """As `layout.FIELDS`."""
    scope: Int[Tensor, "3 N"]
    """As `layout.SCOPE_FIELDS`."""
    spare: Int[Tensor, "N 2"]
    """Actions, and statements and expressions, that may be spent beyond the shortest way to close
    the program."""
    typed: Expected | None = None
    """What typed holes ask."""


@dataclass(frozen=True, eq=False)
class Common:
    """What no profile changes, on one device."""

    moves: Int[Tensor, "M X"]
    states: Int[Tensor, "S W+6"]
    kinds: Int[Tensor, "K W+6*T"]
    counts: Int[Tensor, "1024 W"]
    slots: Int[Tensor, "65536 3"]
    times: Int[Tensor, "6 T"]
    """How sources are spread: `bits.spread`."""
    shift: Int[Tensor, "6 T"]
    turn: Int[Tensor, " 2"]
    """What makes of what is seen that and what is not."""


@dataclass(frozen=True, eq=False)
class Tables:
    """The `Rules` of every variant v of a batch; a hole h of variant v is row v*H + h."""

    common: Common
    fill: Int[Tensor, "vH*V 4"]
    """int32: what an action in a hole leaves there and which move it is, as `moves` says, then what
    it costs beyond the cheapest."""
    within: Int[Tensor, "vH*A W"]
    """What is allowed with 0, 1, … actions to spare, `levels` of them."""
    levels: int
    within_nodes: Int[Tensor, "vH*E W"]
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
        moves=put(moves().moves),
        states=put(bits.states()),
        kinds=put(bits.kinds()),
        counts=put(bits.counts()),
        slots=put(bits.slots()),
        times=put(bits.spread()[0]),
        shift=put(bits.spread()[1]),
        turn=put(np.array([0, -1])),
    )


@lru_cache(maxsize=16)
def tables_on(
    profile: Profile, forbids: tuple[tuple[str, ...], ...], device: torch.device
) -> Tables:
    """The tables of `profile` under each of `forbids`. Raises ValueError as `rules` does."""
    found = [rules(profile, forbid) for forbid in forbids]
    fill = np.concatenate(
        [np.concatenate((moves().fill, rule.excess), axis=2).astype(np.int32) for rule in found]
    )
    within, levels = _within(found, 0)
    within_nodes, node_levels = _within(found, 1)
    least = np.concatenate([rule.least for rule in found])
    forgone = np.concatenate([rule.least[:, 0] - found[0].least[:, 0] for rule in found])
    return Tables(
        common=common_on(device),
        fill=torch.from_numpy(fill).reshape(-1, 4).to(device),
        within=torch.from_numpy(within).to(device),
        levels=levels,
        within_nodes=torch.from_numpy(within_nodes).to(device),
        node_levels=node_levels,
        least=torch.from_numpy(least).to(device),
        forgone=torch.from_numpy(forgone).to(device),
    )


def _within(found: list[Rules], which: int) -> tuple[Ints, int]:
    """[v*H*levels, W] sets of actions by what is to spare, and how many levels tell them apart."""
    levels = 1 + max(int(rule.excess[rule.allowed, which].max()) for rule in found)
    sets = [
        bits.pack(
            (rule.excess[:, None, :, which] <= np.arange(levels)[:, None]) & rule.allowed[:, None]
        )
        for rule in found
    ]
    return np.concatenate(sets).reshape(-1, WORDS), levels


def allowed(
    on: Tables, rows: Rows, holes: Holes, *, varied: bool, counted: bool
) -> Int[Tensor, "N W"]:
    """Actions allowed in the holes, as sets.

    `varied`: rows may be of other variants than the first; `counted`: nodes count.
    """
    fields, _, spare, typed = holes
    hole = fields[_HOLE] + rows.variant if varied else fields[_HOLE]
    mask = _in_context(on.common, rows, holes)
    # What is too deep must be closed.
    level = spare[:, 0].clamp(0, on.levels - 1) * (fields[_DEPTH] < MAX_DEPTH)
    mask &= on.within.index_select(0, torch.add(level, hole, alpha=on.levels))
    if counted:
        level = spare[:, 1].clamp(0, on.node_levels - 1)
        mask &= on.within_nodes.index_select(0, torch.add(level, hole, alpha=on.node_levels))
    if typed is not None:
        # Where no value of a fitting type can be had any more, another closes the program.
        fitting = mask & typed.sets
        mask = torch.where(fitting.any(1, keepdim=True), fitting, mask)
    return mask


def _in_context(on: Common, rows: Rows, holes: Holes) -> Int[Tensor, "N W"]:
    """What scope and surroundings allow."""
    flags, keywords, kind = holes.fields[_FLAGS:].unbind()
    seen, signals, slots = holes.scope.unbind()
    by_kind = on.kinds.index_select(0, kind)
    by_state = on.states.index_select(0, flags + signals)
    by_slots = on.slots.index_select(0, slots)
    mask = on.counts.index_select(0, keywords + by_slots[:, 2])
    mask &= by_state[:, :WORDS]
    mask |= by_kind[:, :WORDS]
    names = (seen[:, None] ^ on.turn) & rows.names
    sources = torch.cat((names, by_slots[:, :2], rows.given), dim=1)
    sources &= by_state[:, WORDS:]
    if holes.typed is not None:
        sources &= holes.typed.known
    column = sources[:, :, None]
    spread = torch.addcmul(column >> on.shift, column, on.times)
    spread &= by_kind[:, WORDS:].view(-1, SOURCES, POINTED.stop - POINTED.start)
    mask[:, POINTED].bitwise_or_(spread.sum(1))
    return mask


def unpack(sets: Int[Tensor, "... W"]) -> Bool[Tensor, "... V"]:
    """Sets as booleans."""
    if sets.device.type == "cpu" and not torch.compiler.is_compiling():
        eight = _eight().index_select(0, sets.reshape(-1).view(torch.uint8).to(torch.int32))
        whole = eight.view(torch.bool)
    else:
        whole = (sets[..., None] >> torch.arange(64, device=sets.device)) & 1 != 0
    return whole.view(*sets.shape[:-1], WORDS * 64)[..., : GRAMMAR.num_actions]


@lru_cache(maxsize=1)
def _eight() -> Int[Tensor, " 256"]:
    """By byte, its bits as the bytes of a word."""
    each = np.arange(256, dtype=np.uint8)[:, None]
    return torch.from_numpy(np.unpackbits(each, axis=1, bitorder="little").view(np.int64)[:, 0])
