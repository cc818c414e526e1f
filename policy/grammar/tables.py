"""The automaton's tables: one profile (and what a task forbids) as arrays over holes and actions.

H hole types (the codec's, then the spelling states; 0 is no hole), V actions, C holes an action
opens at most, K requirements.
"""

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policy.grammar import context, spelling
from policy.grammar.asdl import SUMS
from policy.grammar.grammar import GRAMMAR, PAD, STOP, Action, Hole, HoleUse
from policy.grammar.profiles import Profile, written

Ints = NDArray[np.int64]
INFINITE: Final = 10_000
NAMES, FLAGS, SCOPE, HOLE, PARENT, DEPTH, SLOT, NEST = range(8)
"""Columns of a stack entry."""
COLUMNS: Final = 8
MAX_CHILDREN: Final = max(len(action.holes) for action in GRAMMAR.actions)
# Lists whose later elements a sample may not choose freely.
_NARROWS: Final = {
    ("args", "default"): "args_d",
    ("elements_to", "Starred"): "elements_t2",
    ("patterns", "MatchStar"): "patterns_s",
    ("patterns", "MatchStar[name]"): "patterns_s",
}


@dataclass(frozen=True, eq=False)
class Shape:
    """What does not depend on the profile."""

    rest: Ints
    """[H, V] the hole left in the place of a list after an action, 0: none."""
    children: Ints
    """[3, V, C] hole types that an action opens, by the mode of the hole that it fills."""
    entries: Ints
    """[2, 3, V, C + 1, 3, 8] what an action writes on the stack, by whether a list stays and by the
    hole's mode: entry = (top & row 0) + row 1 + position * row 2. The list that stays comes first,
    then the action's holes, the last one first."""
    num_children: Ints
    """[V]"""
    mode: Ints
    """[H] load, store or delete."""
    binds: Ints
    """[H, V] bits set in the names word of the hole's scope."""
    signals: Ints
    """[V] bits set in the flags word of the hole's scope."""
    name_slot: Ints
    """[V] 1 + index of a name whose uses are linked, 0 for other actions."""
    derived: Ints
    """[2^12] derived bits by inherited flags."""
    nodes: Ints
    """[H, V] statements and expressions that an action writes."""


@dataclass(frozen=True, eq=False)
class Rules:
    """What a profile, less what a task forbids, allows."""

    requirement: Ints
    """[H, V] index into the K requirements; 0: never."""
    requirements: Ints
    """[K, 3] word, bits that matter, their value."""
    cost: Ints
    """[H, V] fewest actions that must follow to fill what an action leaves open in a hole's
    place."""
    least: Ints
    """[H] fewest actions that fill a hole."""
    node_cost: Ints
    """[H, V] fewest statements and expressions of an action and of what it leaves open."""
    least_nodes: Ints
    """[H]"""


def hole_names() -> list[str]:
    """All H names."""
    return [hole.name for hole in GRAMMAR.holes] + list(spelling.states())


@lru_cache(maxsize=1)
def shape() -> Shape:
    """Build the profile-independent tables."""
    rest = _rest()
    actions = GRAMMAR.actions
    mode = np.zeros(len(hole_names()), dtype=np.int64)
    binds = np.zeros(rest.shape, dtype=np.int64)
    nodes = np.zeros(rest.shape, dtype=np.int64)
    for hole in GRAMMAR.holes:
        mode[hole.id] = hole.mode
        for action in actions:
            binds[hole.id, action.id] = context.binds(hole, action)
            nodes[hole.id, action.id] = _nodes(hole, action)
    slots = [context.word_bit(action) for action in actions]
    children, entries = _entries()
    return Shape(
        rest=rest,
        children=children,
        entries=entries,
        num_children=np.array([len(action.holes) for action in actions]),
        mode=mode,
        binds=binds,
        signals=np.array([context.signals(action) for action in actions]),
        name_slot=np.array([0 if slot is None else slot + 1 for slot in slots]),
        derived=np.array([context.derive(flags) for flags in range(1 << context.NUM_FLAGS)]),
        nodes=nodes,
    )


def _rest() -> Ints:
    names = {name: i for i, name in enumerate(hole_names())}
    rest = np.zeros((len(names), GRAMMAR.num_actions), dtype=np.int64)
    for hole in GRAMMAR.holes:
        for action in GRAMMAR.actions:
            if hole.rest is not None and action.id != STOP and not action.ends:
                narrowed = _NARROWS.get((hole.name, action.name))
                rest[hole.id, action.id] = names[narrowed] if narrowed else hole.rest
    for state, row in spelling.transitions().items():
        for action_id, target in row.items():
            rest[names[state], action_id] = names[target]
    return rest


def _entries() -> tuple[Ints, Ints]:
    names = {name: i for i, name in enumerate(hole_names())}
    count = GRAMMAR.num_actions
    children = np.zeros((3, count, MAX_CHILDREN), dtype=np.int64)
    entries = np.zeros((2, 3, count, MAX_CHILDREN + 1, 3, COLUMNS), dtype=np.int64)
    for action in GRAMMAR.actions:
        entries[1, :, action.id, 0] = _staying_entry(context.leaves(action))
        for mode in range(3):
            for slot, use in enumerate(action.holes):
                hole = names[_child_name(action, use, mode)]
                row = _child_entry(hole, context.effect(action, use), slot)
                place = len(action.holes) - 1 - slot
                children[mode, action.id, slot] = hole
                entries[0, mode, action.id, place] = row
                entries[1, mode, action.id, place + 1] = row
    return children, entries


def _child_name(action: Action, use: HoleUse, mode: int) -> str:
    name = GRAMMAR.hole(use, mode).name
    if "spell" in action.row:
        return spelling.START[action.row["spell"]]
    # Only the last case may match everything.
    return "pattern_any" if action.sort == "case" and action.ends and name == "pattern" else name


def _child_entry(hole: int, effect: context.Effect, slot: int) -> Ints:
    entry = np.zeros((3, COLUMNS), dtype=np.int64)
    keep, add, position = entry
    keep[[NAMES, DEPTH]] = -1
    keep[FLAGS] = ~effect.clear & ~effect.set
    keep[NEST] = 0 if effect.resets_nest else -1
    keep[SCOPE] = 0 if effect.scope else -1
    add[[FLAGS, HOLE, DEPTH, SLOT, NEST]] = effect.set, hole, 1, slot, effect.nest
    # A scope's number is one more than the position of the action that opens it: 0 is the root's.
    add[SCOPE] = position[SCOPE] = int(effect.scope)
    position[PARENT] = 1
    return entry


def _staying_entry(leaves: int) -> Ints:
    """What is left of a list; its hole type is added to the 0 here."""
    entry = np.zeros((3, COLUMNS), dtype=np.int64)
    keep, add, _ = entry
    keep[:] = -1
    keep[FLAGS] = ~leaves
    keep[HOLE] = 0
    add[[FLAGS, SLOT]] = leaves, 1
    return entry


def _nodes(hole: Hole, action: Action) -> int:
    if action.sort in {"name", "const", "literal"}:
        return int("expr" in hole.sorts)
    return sum(SUMS.get(node) in {"stmt", "expr"} for node in action.nodes)


@lru_cache(maxsize=64)
def rules(profile: Profile, forbid: tuple[str, ...] = ()) -> Rules:
    """The tables of `profile` without the node classes in `forbid`.

    Raises ValueError for a name that is no node class of Python's ast, and where nothing is left to
    end a program with.
    """
    if forbid:
        return _finish(_without(rules(profile), forbid), profile, forbid)
    found: dict[context.Requirement, int] = {context.IMPOSSIBLE: 0, context.ALWAYS: 1}
    index = np.zeros(shape().rest.shape, dtype=np.int64)
    index[0, PAD] = 1
    has = [action for action in GRAMMAR.actions if profile.has(action)]
    for hole in GRAMMAR.holes[1:]:
        for action in has:
            if profile.allows(hole, action):
                need = context.requirement(hole, action)
                index[hole.id, action.id] = found.setdefault(need, len(found))
    _spelling_rules(index, found)
    return _finish((index, np.array(list(found), dtype=np.uint64).view(np.int64)), profile, ())


def _spelling_rules(index: Ints, found: dict[context.Requirement, int]) -> None:
    first = len(GRAMMAR.holes)
    chars = GRAMMAR.holes[GRAMMAR.hole_ids["chars"]]
    for number, state in enumerate(spelling.states(), first):
        for action_id in spelling.transitions()[state]:
            need = context.requirement(chars, GRAMMAR.actions[action_id])
            # The first half of a byte was allowed, so its second half is.
            need = context.ALWAYS if state.startswith("half:") else need
            index[number, action_id] = found.setdefault(need, len(found))
        if state in spelling.final():
            index[number, STOP] = 1


def _without(base: Rules, forbid: tuple[str, ...]) -> tuple[Ints, Ints]:
    classes = []
    for name in forbid:
        cls = getattr(ast, name, None)
        if not (isinstance(cls, type) and issubclass(cls, ast.AST)):
            raise ValueError(f"constraints.forbid: {name!r} is no node class of Python's ast")
        classes.append(cls)
    index = base.requirement.copy()
    banned = tuple(classes)
    for action in GRAMMAR.actions:
        if any(issubclass(getattr(ast, node, object), banned) for node in action.nodes):
            index[:, action.id] = 0
    leaves = [a for a in GRAMMAR.actions if a.sort in {"name", "const", "literal"}]
    for hole in GRAMMAR.holes:
        for action in leaves:
            if issubclass(getattr(ast, _leaf(hole, action), object), banned):
                index[hole.id, action.id] = 0
    return index, base.requirements


def _leaf(hole: Hole, action: Action) -> str:
    """The node class that a leaf writes in `hole`, or ''."""
    if "expr" in hole.sorts:
        return written(action)
    return "arg" if "arg" in hole.sorts else "alias" if "alias" in hole.sorts else ""


def _finish(tables: tuple[Ints, Ints], profile: Profile, forbid: tuple[str, ...]) -> Rules:
    index, requirements = tables
    sure = _sure(index, requirements, profile)
    ones = np.ones_like(index)
    cost, least = _least(sure, index, ones)
    node_cost, least_nodes = _least(sure, index, shape().nodes)
    for root in ("module", "block"):
        if least[GRAMMAR.hole_ids[root]] >= INFINITE:
            raise ValueError(f"constraints.forbid: no program is left without {', '.join(forbid)}")
    return Rules(index, requirements, cost - 1, least, node_cost, least_nodes)


def _sure(index: Ints, requirements: Ints, profile: Profile) -> NDArray[np.bool_]:
    """[H, V] fillings that no name or state rules out: a program can always be closed by them.

    A slot can always be stored (an unused or else a used one); holes that need an unused one are
    only opened while there is one, so that LOCAL_0 may stand for whichever it is. A lone keyword
    argument repeats none. Where a function must return, every block counts as if it had to.
    """
    certain = 0 if profile.returns else context.NEED_RETURN
    always: NDArray[np.bool_] = (requirements[:, 1] & ~certain == 0)[index]
    local = GRAMMAR.action_ids["LOCAL_0"]
    for name in context.STORE_HOLES | {"arg", "arg_name", "capture"}:
        hole = GRAMMAR.hole_ids[name]
        always[hole, local] = index[hole, local] > 0
    keyword = GRAMMAR.hole_ids["keyword"]
    always[keyword] = index[keyword] > 0
    if profile.returns:
        block = [GRAMMAR.hole_ids["block"], GRAMMAR.hole_ids["stmts"]]
        for action in GRAMMAR.actions:
            if context.returns_value(action) and action.ends:
                always[block, action.id] = index[block, action.id] > 0
    return always


def _least(sure: NDArray[np.bool_], index: Ints, own: Ints) -> tuple[Ints, Ints]:
    """The cheapest way to fill each hole, by relaxation, and each action's share of it."""
    tables = shape()
    by_mode = tables.children[tables.mode]
    least = np.full(len(index), INFINITE, dtype=np.int64)
    least[0] = 0
    while True:
        cost = own + least[by_mode].sum(-1) + least[tables.rest]
        new = np.where(sure, np.minimum(cost, INFINITE), INFINITE).min(1)
        new[0] = 0
        if (new == least).all():
            return np.where(index > 0, np.minimum(cost, INFINITE), INFINITE), least
        least = new
