"""What it costs to hold the node classes that a task requires, by hole and by what surrounds it.

A plan fills a hole with a subtree that holds some of the classes. It takes only actions that are
to be had whatever was written before: as `rules.certain_fillings`, but it knows where the hole
stands (a `break` is certain in a loop). What a plan costs is what it takes beyond the cheapest
filling of the hole. The masks see to it that what is still missing can be had in the holes that
are open (`required`).

Costs are actions and nodes in one number, the scarcer of them first (`packed`): plans have to be
compared by both, or the one with fewer actions might not be the one that has few enough nodes.

P pairs of a hole and an action, H hole types, V actions, K surroundings, C holes an action opens at
most, Q sets of the required classes (class i is bit i).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from policy.grammar import context
from policy.grammar.asdl import SUMS
from policy.grammar.context import Flag, Kind
from policy.grammar.grammar import GRAMMAR, LOAD, Action, Hole, Root
from policy.grammar.moves import Bools, Ints, moves
from policy.grammar.profiles import Profile
from policy.grammar.requirements import Requirement, requirement
from policy.grammar.rules import leaf_node, rules
from policy.grammar.surroundings import Surroundings, surroundings

_CONTEXTS: Final = ("Load", "Store", "Del")
_HAVE_CONTEXT: Final = frozenset({"Name", "Attribute", "Subscript", "Starred", "List", "Tuple"})
_LAST_SLOT: Final = GRAMMAR.action_ids[f"LOCAL_{GRAMMAR.max_locals - 1}"]


Costs = NDArray[np.int32]
NEVER: Final = 1 << 24
"""The cost of what cannot be had."""
SECOND_BITS: Final = 10
"""Below them stands what counts first."""


class Asks(NamedTuple):
    """What some tasks ask of their programs."""

    forbid: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    few_nodes: bool = False
    """Whether plans are to be small, and short only then."""


@dataclass(frozen=True, eq=False)
class Plans:
    """The plans of a profile, less what a task forbids, for a list of classes."""

    around: Surroundings
    hole: Ints
    """[P] the pairs that are allowed, in the order of their holes."""
    action: Ints
    """[P]"""
    writes: Ints
    """[P] which of the classes the action writes there, as a set."""
    costs: Costs
    """[K, P, Q] what the action costs, with the cheapest way to hold a set in it and in what it
    opens, beyond the cheapest filling of the hole; NEVER where there is none."""
    extra: Costs
    """[K, H, Q] what the cheapest plan costs."""


def plans(profile: Profile, asks: Asks) -> Plans:
    """Find the plans, by relaxation. Raises ConstraintError as `rules` does."""
    rule, require = rules(profile, asks.forbid), asks.require
    allowed = rule.allowed[: len(GRAMMAR.holes)].copy()
    if "arg" in require:
        _keep_a_slot(allowed)
    hole, action = allowed.nonzero()
    writes = _writes(hole, action, require)
    excess = packed(rule.excess[hole, action], few_nodes=asks.few_nodes)
    around = surroundings(profile, require)
    every = _Pairs.of(hole, action, writes, excess)
    # Other actions of a list leave all to its rest, which can do no better than the list.
    useful = np.flatnonzero(moves().children[LOAD, action].any(1) | (writes > 0))
    pairs = _Pairs.of(hole[useful], action[useful], writes[useful], excess[useful])
    sure = _sure(around, hole[useful], action[useful], arguments="arg" in require)
    holes, first = np.unique(hole[useful], return_index=True)
    extra = np.full((len(sure), GRAMMAR.num_holes, 1 << len(require)), NEVER, dtype=np.int32)
    extra[:, :, 0] = 0
    while True:
        costs = np.where(sure[:, :, None], pairs.costs(around, extra), NEVER)
        new = extra.copy()
        new[:, holes, 1:] = np.minimum.reduceat(costs, first, axis=1)[:, :, 1:]
        if (new == extra).all():
            return Plans(around, hole, action, writes, every.costs(around, extra), extra)
        extra = new


def packed(costs: Ints, *, few_nodes: bool) -> Costs:
    """[…, 2] actions and nodes as one number."""
    first, second = costs[..., int(few_nodes)], costs[..., int(not few_nodes)]
    result: Costs = ((first << SECOND_BITS) + second).astype(np.int32)
    return result


def unpacked(cost: int, *, few_nodes: bool) -> tuple[int, int]:
    """Actions and nodes."""
    first = cost + (1 << SECOND_BITS - 1) >> SECOND_BITS
    second = cost - (first << SECOND_BITS)
    return (second, first) if few_nodes else (first, second)


@cache
def given(root: Root, *, has_params: bool) -> frozenset[str]:
    """The classes that the root itself holds, and those that they derive from."""
    names = ["Module"]
    if root is Root.BODY:
        names += ["FunctionDef", "arguments", *(["arg"] if has_params else [])]
    return frozenset[str]().union(*(_kin(name) for name in names))


def _kin(node: str) -> set[str]:
    return {base.__name__ for base in getattr(ast, node).__mro__}


CLASSES: Final = frozenset[str]().union(*(_kin(node) for node in SUMS))
"""All that a task can require."""


def _keep_a_slot(allowed: Bools) -> None:
    """Leave the last slot of every scope to a parameter: what else is bound can do without."""
    kinds = moves().kinds[: len(allowed)]
    allowed[kinds != Kind.ARGUMENT, _LAST_SLOT] = False
    allowed[:, [action.id for action in GRAMMAR.actions if _captures(action)]] = False


def _captures(action: Action) -> bool:
    return any(use.name == "capture" for use in action.holes)


def _writes(hole: Ints, action: Ints, require: tuple[str, ...]) -> Ints:
    """[P] as `Plans.writes`."""
    bits = {
        node: sum(1 << at for at, name in enumerate(require) if name in _kin(node)) for node in SUMS
    }
    pairs = zip(hole.tolist(), action.tolist(), strict=True)
    found = [
        reduce(
            or_, (bits.get(node, 0) for node in _nodes(GRAMMAR.holes[at], GRAMMAR.actions[one])), 0
        )
        for at, one in pairs
    ]
    return np.array(found, dtype=np.int64)


def _nodes(hole: Hole, action: Action) -> Iterator[str]:
    """The nodes that an action writes in a hole and that its source text shows again."""
    if action.sort in {"stop", "none"}:
        return
    top, *inner = action.nodes or (leaf_node(hole, action),)
    if top == "Constant" and hole.name in {"parts", "spec_parts"}:
        # Of an f-string's text nothing is left where it is empty.
        return
    yield from (top, *inner)
    if top in _HAVE_CONTEXT:
        yield _CONTEXTS[hole.mode]
    if _HAVE_CONTEXT.intersection(inner):
        yield _CONTEXTS[LOAD]


def _sure(around: Surroundings, hole: Ints, action: Ints, *, arguments: bool) -> Bools:
    """[K, P] whether an action is to be had for good. `arguments`: a slot is kept for one."""
    asked = [
        _asked(GRAMMAR.holes[at], GRAMMAR.actions[one], arguments)
        for at, one in zip(hole.tolist(), action.tolist(), strict=True)
    ]
    had = np.array([one is not None for one in asked])
    needs, bans = np.array([(0, 0) if one is None else one[:2] for one in asked]).T
    return had & around.certain(needs, bans)


def _asked(hole: Hole, action: Action, arguments: bool) -> Requirement | None:
    """What an action asks of what surrounds it; None where a name or a slot may rule it out."""
    if hole.name == "keyword":
        return Requirement()
    asked = requirement(context.kind(hole), action)
    if asked.pointer is not None:
        slot = hole.name in context.STORE_HOLES | context.ARGUMENT_HOLES - {"args", "opt_arg"}
        return Requirement() if slot and action.name == "LOCAL_0" else None
    if asked.free > int(arguments) or (asked.free and _captures(action)):
        return None
    # Under alternatives no hole takes what has parameters.
    return asked._replace(ban=asked.ban & ~int(Flag.NO_CAPTURE))


class _Pairs(NamedTuple):
    """Pairs of a hole and an action; those that open and leave the same share a column n."""

    chosen: Ints
    """[n] the action."""
    children: Ints
    """[n, C] the holes that it opens, 0: none."""
    rest: Ints
    """[n] what is left of a list."""
    wrote: Ints
    """[n] the classes that it writes."""
    column: Ints
    """[P]"""
    excess: Costs
    """[P]"""

    @classmethod
    def of(cls, hole: Ints, action: Ints, writes: Ints, excess: Costs) -> "_Pairs":
        on = moves()
        said = np.stack((on.mode[hole], on.rest[hole, action], action, writes))
        (mode, rest, chosen, wrote), column = np.unique(said, axis=1, return_inverse=True)
        return cls(chosen, on.children[mode, chosen], rest, wrote, column.reshape(-1), excess)

    def costs(self, around: Surroundings, extra: Costs) -> Costs:
        """[K, P, Q] as `Plans.costs`, from what plans cost in the holes that actions open."""
        held = np.full((len(extra), len(self.chosen), extra.shape[2]), NEVER, dtype=np.int32)
        held[:, :, 0] = 0
        for slot, child in enumerate(self.children.T):
            some = np.flatnonzero(child)
            below = around.below[:, self.chosen[some], slot]
            _join(held, some, extra[below, child[some]])
        some = np.flatnonzero(self.rest)
        _join(held, some, extra[:, self.rest[some]])
        sets = np.arange(held.shape[2]) & ~self.wrote[:, None]
        held = np.take_along_axis(held, sets[None], axis=2)[:, self.column]
        costs: Costs = np.where(held < NEVER, held + self.excess[:, None], NEVER)
        return costs


def _join(held: Costs, some: Ints, more: Costs) -> None:
    """Let one more hole of some of the actions hold part of each set."""
    before = held[:, some]
    after = before.copy()
    for whole in range(1, held.shape[2]):
        for part in range(1, whole + 1):
            if part & whole == part:
                both = before[:, :, whole ^ part] + more[:, :, part]
                np.minimum(after[:, :, whole], both, out=after[:, :, whole])
    held[:, some] = after
