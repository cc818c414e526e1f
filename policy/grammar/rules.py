"""What a profile, less what a task forbids, allows in each hole, and what it costs to close.

H hole types, V actions; costs come in pairs: actions, then statements and expressions.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policy.grammar import context, spelling
from policy.grammar.asdl import FIELDS, SUMS
from policy.grammar.context import Kind
from policy.grammar.errors import ConstraintError
from policy.grammar.grammar import GRAMMAR, PAD, STOP, Action, Hole
from policy.grammar.moves import Ints, moves
from policy.grammar.profiles import Profile, alike, written
from policy.grammar.requirements import is_pointer, requirement

Bools = NDArray[np.bool_]
INFINITE: Final = 10_000
_SUM_TYPES: Final = frozenset(SUMS.values())


@dataclass(frozen=True, eq=False)
class Rules:
    """The tables of a profile."""

    allowed: Bools
    """[H, V] what may fill a hole in some context, and be closed again."""
    excess: Ints
    """[H, V, 2] what an action costs, with the shortest way to fill all that it opens, beyond the
    cheapest filling of the hole; INFINITE where it is not allowed."""
    least: Ints
    """[H, 2] cheapest filling of a hole."""


@lru_cache(maxsize=64)
def rules(profile: Profile, forbid: tuple[str, ...] = ()) -> Rules:
    """The tables of `profile` without the node classes in `forbid`.

    Raises ConstraintError for a name that is no node class of Python's ast, and where nothing is
    left to end a program with.
    """
    allowed = _allowed(profile) & ~_forbidden(forbid)
    sure = certain_fillings(profile, allowed)
    hole, action = allowed.nonzero()
    kept = hole, action
    nodes = moves().nodes[kept]
    pairs = [_costs(sure, kept, own) for own in (np.ones_like(nodes), nodes)]
    cost, least = (np.stack(arrays, axis=-1) for arrays in zip(*pairs, strict=True))
    for root in ("module", "block"):
        if least[GRAMMAR.hole_ids[root], 0] >= INFINITE:
            raise ConstraintError(
                f"constraints.forbid: no program is left without {', '.join(forbid)}"
            )
    allowed[kept] = cost[:, 0] < INFINITE
    excess = np.full((*allowed.shape, 2), INFINITE, dtype=np.int64)
    excess[kept] = np.where(cost[:, :1] < INFINITE, cost - least[hole], INFINITE)
    excess[0] = 0
    return Rules(allowed, excess, least)


@lru_cache(maxsize=16)
def _allowed(profile: Profile) -> Bools:
    """[H, V] what the profile allows, scope and context aside."""
    allowed = np.zeros((GRAMMAR.num_holes, GRAMMAR.num_actions), dtype=bool)
    allowed[0, PAD] = True
    groups: dict[tuple[str, Hashable], list[Action]] = {}
    for action in filter(profile.has, GRAMMAR.actions):
        groups.setdefault((action.sort, alike(action)), []).append(action)
    for hole in GRAMMAR.holes[1:]:
        sorts = hole.sorts | {"stop", "none"}
        fit = [g for (sort, _), g in groups.items() if sort in sorts and profile.allows(hole, g[0])]
        allowed[hole.id, [action.id for group in fit for action in group]] = True
    spelled = slice(len(GRAMMAR.holes), None)
    allowed[spelled] = moves().rest[spelled] > 0
    allowed[spelled, STOP] = [state in spelling.final() for state in spelling.states()]
    return allowed


def _forbidden(forbid: tuple[str, ...]) -> Bools:
    """[H, V] what writes a node of one of the classes."""
    for name in forbid:
        if name not in FIELDS and name not in _SUM_TYPES:
            raise ConstraintError(f"constraints.forbid: {name!r} is no node class of Python's ast")
    banned = {node for node, sum_type in SUMS.items() if {node, sum_type} & set(forbid)}
    found = np.zeros((GRAMMAR.num_holes, GRAMMAR.num_actions), dtype=bool)
    if not forbid:
        return found
    found[:, [a.id for a in GRAMMAR.actions if banned.intersection(a.nodes)]] = True
    leaves = [a for a in GRAMMAR.actions if a.sort in {"name", "const", "literal"}]
    for hole in GRAMMAR.holes:
        found[hole.id, [a.id for a in leaves if leaf_node(hole, a) in banned]] = True
    return found


def leaf_node(hole: Hole, action: Action) -> str:
    """The node class that a leaf writes in `hole`, or ''."""
    if "expr" in hole.sorts:
        return written(action)
    return "arg" if "arg" in hole.sorts else "alias" if "alias" in hole.sorts else ""


def certain_fillings(profile: Profile, allowed: Bools) -> Bools:
    """[H, V] those of the allowed fillings that are to be had in every context."""
    sure: Bools = allowed & _certain(profile)[moves().kinds]
    _promise_names(sure, allowed)
    if profile.returns:
        _promise_returns(sure, allowed)
    return sure


@lru_cache(maxsize=16)
def _certain(profile: Profile) -> Bools:
    """[kinds, V] actions that no name or flag rules out."""
    passing = 0 if profile.returns else context.NEED_RETURN
    certain = np.zeros((len(Kind), GRAMMAR.num_actions), dtype=bool)
    pointers = [action for action in GRAMMAR.actions if is_pointer(action)]
    for kind in Kind:
        # What is no pointer is asked for the same in all kinds of holes but these.
        alone = kind in {Kind.OTHER, Kind.BLOCK, Kind.HALF}
        asked = {a.id: requirement(kind, a) for a in (GRAMMAR.actions if alone else pointers)}
        certain[kind] = certain[Kind.OTHER]
        certain[kind, list(asked)] = [
            not (one.need | one.ban & ~passing) and one.pointer is None for one in asked.values()
        ]
    return certain


def _promise_names(sure: Bools, allowed: Bools) -> None:
    """Add fillings that are always to be had, if not by this very action.

    A slot can always be stored (an unused or else a used one); holes that need an unused one are
    only opened while there is one, so that LOCAL_0 may stand for whichever it is. A lone keyword
    argument repeats none.
    """
    local = GRAMMAR.action_ids["LOCAL_0"]
    for name in context.STORE_HOLES | {"arg", "arg_name", "capture"}:
        hole = GRAMMAR.hole_ids[name]
        sure[hole, local] = allowed[hole, local]
    keyword = GRAMMAR.hole_ids["keyword"]
    sure[keyword] = allowed[keyword]


def _promise_returns(sure: Bools, allowed: Bools) -> None:
    """Where a function must return, every block counts as if it had to."""
    block = [GRAMMAR.hole_ids["block"], GRAMMAR.hole_ids["stmts"]]
    for action in GRAMMAR.actions:
        if context.returns_value(action) and action.ends:
            sure[block, action.id] = allowed[block, action.id]


def _costs(sure: Bools, kept: tuple[Ints, Ints], own: Ints) -> tuple[Ints, Ints]:
    """What each of the `kept` actions costs in its hole, and [H] the cheapest filling.

    `kept`: holes and actions side by side, in the order of the holes; `own`: what each costs by
    itself. By relaxation.
    """
    tables, (hole, action) = moves(), kept
    mode, rest = tables.mode[hole], tables.rest[kept]
    certain, (filled, first) = sure[kept], np.unique(hole, return_index=True)
    least = np.full(len(sure), INFINITE, dtype=np.int64)
    least[0] = 0
    while True:
        children = least[tables.children].sum(-1)
        cost = np.minimum(own + children[mode, action] + least[rest], INFINITE)
        new = np.full_like(least, INFINITE)
        new[filled] = np.minimum.reduceat(np.where(certain, cost, INFINITE), first)
        new[0] = 0
        if (new == least).all():
            return cost, least
        least = new
