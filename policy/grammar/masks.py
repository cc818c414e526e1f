"""Which actions the automaton allows, as one pure function of the holes on top.

N holes (the rows of a step, or all positions of many programs), V actions, K requirements.
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
from policy.grammar.rows import DEPTH, FLAGS, HOLE, NAMES, NEST, Rows

MAX_DEPTH = 40
"""Actions above a hole from which on only the shortest completion is allowed: CPython's parser, its compiler
and `ast.unparse` recurse, each to a limit."""


@dataclass(frozen=True, eq=False)
class Tables:
    """`tables.Shape` and the `tables.Rules` of every variant in a batch, on its device.

    Variant v's holes are the rows v*H to (v+1)*H of the last five.
    """

    rest: Tensor
    children: Tensor
    num_children: Tensor
    mode: Tensor
    binds: Tensor
    signals: Tensor
    leaves: Tensor
    name_slot: Tensor
    derived: Tensor
    slots: Tensor
    word: Tensor
    care: Tensor
    value: Tensor
    requirement: Tensor
    cost: Tensor
    least: Tensor
    node_cost: Tensor
    least_nodes: Tensor


@lru_cache(maxsize=64)
def tables_on(
    profile: Profile, forbids: tuple[tuple[str, ...], ...], device: torch.device
) -> Tables:
    """The tables of `profile` under each of `forbids`. Raises ValueError as `tables.rules` does."""
    shape = tables.shape()
    rules = [tables.rules(profile, forbid) for forbid in forbids]

    def put(array: tables.Ints, dtype: torch.dtype = torch.int64) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device, dtype)

    def join(name: str, dtype: torch.dtype = torch.int64) -> Tensor:
        return put(np.concatenate([getattr(rule, name) for rule in rules]), dtype)

    word, care, value = rules[0].requirements.T
    return Tables(
        rest=put(shape.rest.reshape(-1)),
        children=put(shape.children),
        num_children=put(shape.num_children),
        mode=put(shape.mode),
        binds=put(shape.binds.reshape(-1)),
        signals=put(shape.signals),
        leaves=put(shape.leaves),
        name_slot=put(shape.name_slot),
        derived=put(shape.derived),
        slots=put(_slots()),
        word=put(word),
        care=put(care),
        value=put(value),
        requirement=join("requirement"),
        cost=join("cost", torch.int16),
        least=join("least"),
        node_cost=join("node_cost", torch.int16),
        least_nodes=join("least_nodes"),
    )


def _slots() -> tables.Ints:
    """[2^16, 2] by the visible slots: bits of those that may be stored or are unused, and bits FREE."""
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
    top: Int[Tensor, "N 9"],
    budget: Int[Tensor, " N"],
    nodes: Int[Tensor, " N"] | None,
) -> Bool[Tensor, "N V"]:
    """Actions allowed in the holes `top`.

    `budget`: how many actions may follow to fill what the action leaves open in the hole's place; `nodes`: how
    many statements and expressions the action and those may write, None for any.
    """
    hole = rows.offset + top[:, HOLE]
    holds = (_words(on, rows, top)[:, on.word] & on.care) == on.value
    mask = holds.gather(1, on.requirement[hole])
    shortest = on.least[hole] - 1
    budget = torch.where(top[:, DEPTH] >= MAX_DEPTH, torch.minimum(budget, shortest), budget)
    limit = budget.clamp(0, 2 * tables.INFINITE).to(torch.int16)
    mask &= on.cost[hole] <= limit[:, None]
    if nodes is not None:
        limit = nodes.clamp(0, 2 * tables.INFINITE).to(torch.int16)
        mask &= on.node_cost[hole] <= limit[:, None]
    return mask


def _words(on: Tables, rows: Rows, top: Int[Tensor, "N 9"]) -> Int[Tensor, "N 3"]:
    """The words that requirements are held against: names, flags, slots and literals."""
    names, flags = top[:, NAMES], top[:, FLAGS]
    slots, free = on.slots[names & context.LOCALS].unbind(1)
    closed = flags & Flag.NO_CAPTURE != 0
    slots = torch.where(closed, slots & _BELOW_FRESH, slots)
    free = torch.where(closed, 0, free)
    literals = torch.where(flags & Flag.FSTRING != 0, rows.quotable, rows.literals)
    exists = (rows.flags >> context.PARAM_EXISTS_BIT) & 0xFF
    fresh = (exists & ~(names >> context.PARAM_BIT)) << context.PARAM_FRESH_BIT
    state = flags | on.derived[flags & ((1 << context.NUM_FLAGS) - 1)] | rows.flags | free | fresh
    state |= (top[:, NEST] >= context.MAX_NEST).to(torch.int64) * context.NEST_FULL
    return torch.stack((names, state, slots | literals), dim=1)
