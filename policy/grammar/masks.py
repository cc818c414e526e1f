"""Which actions the automaton allows, as one pure function of the holes on top.

N holes (the rows of a step, or all positions of many programs), V actions, Q actions whose legality
depends on more than the hole, K requirements.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from policy.grammar import context, tables
from policy.grammar.context import Flag
from policy.grammar.profiles import Profile
from policy.grammar.rows import Rows
from policy.grammar.tables import DEPTH, FLAGS, HOLE, NAMES, NEST

MAX_DEPTH = 40
"""Actions above a hole from which on only the shortest completion is allowed: CPython's parser, its
compiler and `ast.unparse` recurse, each to a limit."""
BINDS, SIGNALS, COST, NODE_COST, NODES, REST, CHILDREN, NAME_SLOT = range(8)
"""Columns of `Tables.fillings`: one line of the processor's cache a row."""


@dataclass(frozen=True, eq=False)
class Tables:
    """`tables.Shape` and the `tables.Rules` of every variant v of a batch, on its device.

    A hole h of variant v is row v*H + h.
    """

    fillings: Int[Tensor, "vH*V 8"]
    entries: Int[Tensor, "6*V W"]
    """`Shape.entries`, one row an action."""
    mode: Int[Tensor, " H"]
    least: Int[Tensor, "vH 2"]
    """Fewest actions, and fewest nodes, that fill a hole."""
    cost: Int[Tensor, "vH V"]
    """int16, beyond every budget where the profile never allows the action."""
    node_cost: Int[Tensor, "vH V"]
    conditional: Int[Tensor, " Q"]
    requirement: Int[Tensor, "vH Q"]
    care: tuple[Tensor, ...]
    """By word, the bits that each of its requirements reads."""
    value: tuple[Tensor, ...]
    derived: Int[Tensor, " 4096"]
    slots: Int[Tensor, "65536 2"]


@lru_cache(maxsize=16)
def tables_on(
    profile: Profile, forbids: tuple[tuple[str, ...], ...], device: torch.device
) -> Tables:
    """The tables of `profile` under each of `forbids`. Raises ValueError as `tables.rules` does."""
    shape = tables.shape()
    rules = [tables.rules(profile, forbid) for forbid in forbids]

    def put(array: tables.Ints, dtype: torch.dtype = torch.int64) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device, dtype)

    by_action = (shape.signals, shape.num_children, shape.name_slot)
    signals, count, slot = (np.broadcast_to(column, shape.rest.shape) for column in by_action)
    fillings = [
        np.stack(
            (shape.binds, signals, r.cost, r.node_cost, shape.nodes, shape.rest, count, slot),
            axis=2,
        )
        for r in rules
    ]
    index = np.concatenate([rule.requirement for rule in rules])
    requirements, order = _by_word(rules[0].requirements)
    conditional = np.flatnonzero((index > 1).any(0))
    return Tables(
        fillings=put(np.concatenate(fillings).reshape(-1, 8)),
        entries=put(shape.entries.reshape(6 * len(shape.num_children), -1)),
        mode=put(shape.mode),
        least=put(np.concatenate([np.stack((r.least, r.least_nodes), axis=1) for r in rules])),
        cost=put(np.concatenate([rule.cost for rule in rules]), torch.int16),
        node_cost=put(np.concatenate([rule.node_cost for rule in rules]), torch.int16),
        conditional=put(conditional),
        requirement=put(order[index[:, conditional]]),
        care=tuple(put(rows[:, 1]) for rows in requirements),
        value=tuple(put(rows[:, 2]) for rows in requirements),
        derived=put(shape.derived),
        slots=put(_slots()),
    )


def _by_word(requirements: tables.Ints) -> tuple[list[tables.Ints], tables.Ints]:
    """The requirements of each of the three words, and their new order."""
    order = np.argsort(requirements[:, 0], kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return [requirements[requirements[:, 0] == word] for word in range(3)], place


def _slots() -> tables.Ints:
    """[2^16, 2] by the visible slots: which may be stored or are unused, and the bits FREE."""
    used = np.arange(1 << 16, dtype=np.uint64)
    lowest = ~used & (used + np.uint64(1)) & np.uint64(context.LOCALS)
    unused = np.array([16 - i.bit_count() for i in range(1 << 16)])
    free = np.zeros(1 << 16, dtype=np.int64)
    for n in range(3):
        free |= (unused > n) * (context.FREE << n)
    storable = (used | lowest) << np.uint64(context.STORABLE_BIT)
    fresh = lowest << np.uint64(context.FRESH_BIT)
    return np.stack([(storable | fresh).view(np.int64), free], axis=1)


_BELOW_FRESH = (1 << context.FRESH_BIT) - 1


def allowed(
    on: Tables,
    rows: Rows,
    top: Int[Tensor, "N 8"],
    budget: Int[Tensor, " N"],
    nodes: Int[Tensor, " N"] | None,
) -> Bool[Tensor, "N V"]:
    """Actions allowed in the holes `top`.

    `budget`: how many actions may follow to fill what the action leaves open in the hole's place;
    `nodes`: how many statements and expressions the action and those may write, None for any.
    """
    hole = rows.offset + top[:, HOLE]
    shortest = on.least.index_select(0, hole)[:, 0] - 1
    budget = torch.where(top[:, DEPTH] >= MAX_DEPTH, torch.minimum(budget, shortest), budget)
    mask = on.cost.index_select(0, hole) <= _limit(budget)
    if nodes is not None:
        mask &= on.node_cost.index_select(0, hole) <= _limit(nodes)
    words = _words(on, rows, top)
    holds = torch.cat(
        [
            (word[:, None] & care) == value
            for word, care, value in zip(words, on.care, on.value, strict=True)
        ],
        dim=1,
    )
    met = holds.gather(1, on.requirement.index_select(0, hole))
    met &= mask.index_select(1, on.conditional)
    return mask.index_copy_(1, on.conditional, met)


def _limit(budget: Int[Tensor, " N"]) -> Int[Tensor, "N 1"]:
    return budget.clamp(0, tables.INFINITE - 1).to(torch.int16)[:, None]


def _words(on: Tables, rows: Rows, top: Int[Tensor, "N 8"]) -> tuple[Tensor, Tensor, Tensor]:
    """The words that requirements are held against: names, flags, slots and literals; each [N]."""
    names, flags, nest = top[:, NAMES], top[:, FLAGS], top[:, NEST]
    slots, free = on.slots.index_select(0, names & context.LOCALS).unbind(1)
    closed = flags & Flag.NO_CAPTURE != 0
    slots = torch.where(closed, slots & _BELOW_FRESH, slots)
    free = torch.where(closed, 0, free)
    literals = torch.where(flags & Flag.FSTRING != 0, rows.quotable, rows.literals)
    exists = (rows.flags >> context.PARAM_EXISTS_BIT) & 0xFF
    fresh = (exists & ~(names >> context.PARAM_BIT)) << context.PARAM_FRESH_BIT
    state = flags | on.derived[flags & ((1 << context.NUM_FLAGS) - 1)] | rows.flags | free | fresh
    state = torch.where(nest >= context.MAX_NEST, state | context.NEST_FULL, state)
    return names, state, slots | literals
