"""The plans of a batch's tasks as tables on a device.

v variants (what tasks ask for), K surroundings (as many as each variant tells apart), H hole types,
V actions, Q sets of required classes, R rows that tell holes apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from policy.grammar.bits import WORDS
from policy.grammar.grammar import GRAMMAR
from policy.grammar.moves import Ints
from policy.grammar.plans import NEVER, Asks, Costs, packed, plans
from policy.grammar.profiles import Profile
from policy.grammar.rules import rules


@dataclass(frozen=True, eq=False)
class RequiredTables:
    """The places of a variant's holes follow one another: s*H + h for hole h in surroundings s."""

    sets: int
    """Q, of the variant that requires most."""
    number: Int[Tensor, " v*32768"]
    """As `Surroundings.number`, of each variant: the place of hole 0."""
    left: Int[Tensor, "vKH Q Q"]
    """int32: what the hole costs where, of set i, other holes hold j."""
    row: Int[Tensor, " vKH"]
    """Times Q."""
    costs: Int[Tensor, "RQ 64W"]
    """int32: what each action costs with a set, as `Plans.costs`."""
    writes: Int[Tensor, " vH*V"]
    """uint8: the classes that an action in a hole writes, as a set."""


class _Variant(NamedTuple):
    """The tables of one variant, as far as its own Q goes."""

    own: Costs
    """[KH, Q]"""
    number: Ints
    """[32768]"""
    row: Ints
    """[KH]"""
    costs: Costs
    """[R, Q, 64W]"""
    writes: NDArray[np.uint8]
    """[H*V]"""


@lru_cache(maxsize=16)
def required_tables_on(
    profile: Profile, variants: tuple[Asks, ...], device: torch.device
) -> RequiredTables:
    """The tables. Raises ConstraintError as `rules` does."""
    found = [_variant(profile, asks) for asks in variants]
    sets = max(one.own.shape[1] for one in found)
    first = np.cumsum([0, *(len(one.costs) for one in found)])
    rows = [sets * (one.row + begin) for one, begin in zip(found, first, strict=False)]
    before = np.cumsum([0, *(len(one.own) for one in found)])
    numbers = [
        one.number * GRAMMAR.num_holes + begin for one, begin in zip(found, before, strict=False)
    ]

    def put(arrays: Sequence[NDArray[Any]]) -> Tensor:
        return torch.from_numpy(np.concatenate(arrays)).to(device)

    return RequiredTables(
        sets=sets,
        number=put(numbers),
        left=put([_left(_padded(one.own, sets)) for one in found]),
        row=put(rows),
        costs=put([_padded(one.costs, sets).reshape(-1, 64 * WORDS) for one in found]),
        writes=put([one.writes for one in found]),
    )


@lru_cache(maxsize=64)
def _variant(profile: Profile, asks: Asks) -> _Variant:
    plan, rule = plans(profile, asks), rules(profile, asks.forbid)
    excess = packed(rule.excess, few_nodes=asks.few_nodes)
    rows: dict[bytes, int] = {}
    costs: list[Costs] = []
    row = np.empty(plan.extra.shape[:2], dtype=np.int64)
    for hole in range(GRAMMAR.num_holes):
        pairs = slice(*np.searchsorted(plan.hole, (hole, hole + 1)))
        action, every = plan.action[pairs], plan.costs[:, pairs]
        if hole >= len(GRAMMAR.holes):
            action = np.flatnonzero(rule.allowed[hole])
            every = np.broadcast_to(excess[hole, action, None], (len(row), len(action), 1))
        for at, cost in enumerate(every):
            key = action.tobytes() + cost.tobytes()
            if key not in rows:
                rows[key] = len(costs)
                table = np.full((plan.extra.shape[2], 64 * WORDS), NEVER, dtype=np.int32)
                table[: cost.shape[1], action] = cost.T
                costs.append(table)
            row[at, hole] = rows[key]
    writes = np.zeros((GRAMMAR.num_holes, GRAMMAR.num_actions), dtype=np.uint8)
    writes[plan.hole, plan.action] = plan.writes
    own = plan.extra.reshape(-1, plan.extra.shape[2])
    return _Variant(own, plan.around.number, row.reshape(-1), np.stack(costs), writes.reshape(-1))


def _padded(costs: Costs, sets: int) -> Costs:
    """[…, sets, …] nothing can be had beyond the variant's own classes."""
    more = [(0, 0), (0, sets - costs.shape[1]), (0, 0)][: costs.ndim]
    return np.pad(costs, more, constant_values=NEVER)


def _left(own: Costs) -> Costs:
    """[KH, Q, Q] as `RequiredTables.left`."""
    whole, part = np.indices((own.shape[1],) * 2)
    left: Costs = np.where(part & ~whole == 0, own[:, whole & ~part], np.int32(NEVER))
    return left
