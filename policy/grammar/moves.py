"""Which holes an action opens and leaves, as arrays over holes and actions; no profile changes it.

H hole types (the codec's, then the spelling states; 0 is no hole), V actions, C holes an action
opens at most.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policy.grammar import context, spelling
from policy.grammar.asdl import SUMS
from policy.grammar.context import Kind
from policy.grammar.grammar import GRAMMAR, STOP, Action, HoleUse
from policy.grammar.layout import BLOCK, KEYWORD_ROW, KIND_BIT, ROW_BIT, signed

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
MAX_CHILDREN: Final = max(len(action.holes) for action in GRAMMAR.actions)
# Lists whose later elements a sample may not choose freely.
_NARROWS: Final = {
    ("args", "default"): "args_d",
    ("elements_to", "Starred"): "elements_t2",
    ("patterns", "MatchStar"): "patterns_s",
    ("patterns", "MatchStar[name]"): "patterns_s",
}


@dataclass(frozen=True, eq=False)
class Moves:
    """What an action in a hole does to the stack."""

    rest: Ints
    """[H, V] the hole left in the place of a list after an action, 0: none."""
    children: Ints
    """[3, V, C] hole types that an action opens, by the mode of the hole that it fills."""
    mode: Ints
    """[H] load, store or delete."""
    kinds: Ints
    """[H] `context.Kind`."""
    nodes: Ints
    """[H, V] statements and expressions that an action writes."""
    binds: Bools
    """[H, V] whether a name is bound in the hole's scope."""


def hole_names() -> list[str]:
    """All H names."""
    return [hole.name for hole in GRAMMAR.holes] + list(spelling.states())


@lru_cache(maxsize=1)
def moves() -> Moves:
    """Build the arrays."""
    rest, holes = _rest(), GRAMMAR.holes
    mode, kinds = np.zeros((2, len(rest)), dtype=np.int64)
    mode[: len(holes)] = [hole.mode for hole in holes]
    kinds[: len(holes)] = [context.kind(hole) for hole in holes]
    half = [state.startswith("half:") for state in spelling.states()]
    kinds[len(holes) :] = np.where(half, Kind.HALF, Kind.OTHER)
    bind = np.zeros((len(rest), 1), dtype=bool)
    bind[[hole.id for hole in holes if hole.name in context.BINDING_HOLES]] = True
    return Moves(rest, _children(), mode, kinds, _nodes(), bind & (names() != 0))


def names() -> Ints:
    """[V] the bit of each name that must be bound, as a word; 0 for other actions."""
    bits = [context.name_bit(action) for action in GRAMMAR.actions]
    return np.array([0 if bit is None else signed(1 << bit) for bit in bits])


def codes() -> Ints:
    """[2, H] what stands in WHERE and in PLACE for a hole of each type."""
    kinds, holes = moves().kinds, np.arange(len(moves().kinds))
    rows = holes.copy()
    rows[GRAMMAR.hole_ids["keywords"]] = KEYWORD_ROW
    return np.stack((kinds << KIND_BIT | (kinds == Kind.BLOCK) * BLOCK, rows << ROW_BIT | holes))


def _rest() -> Ints:
    names = {name: i for i, name in enumerate(hole_names())}
    rest = np.zeros((len(names), GRAMMAR.num_actions), dtype=np.int64)
    goes_on = np.array([action.id != STOP and not action.ends for action in GRAMMAR.actions])
    for hole in GRAMMAR.holes:
        if hole.rest is not None:
            rest[hole.id] = np.where(goes_on, hole.rest, 0)
    for (hole_name, action), narrowed in _NARROWS.items():
        rest[names[hole_name], GRAMMAR.action_ids[action]] = names[narrowed]
    for state, row in spelling.transitions().items():
        rest[names[state], list(row)] = [names[target] for target in row.values()]
    return rest


def _children() -> Ints:
    names = {name: i for i, name in enumerate(hole_names())}
    children = np.zeros((3, GRAMMAR.num_actions, MAX_CHILDREN), dtype=np.int64)
    for action in GRAMMAR.actions:
        for slot, use in enumerate(action.holes):
            for mode in range(3):
                children[mode, action.id, slot] = names[_child_name(action, use, mode)]
    return children


def _child_name(action: Action, use: HoleUse, mode: int) -> str:
    name = GRAMMAR.hole(use, mode).name
    if "spell" in action.row:
        return spelling.START[action.row["spell"]]
    # Only the last case may match everything.
    return "pattern_any" if action.sort == "case" and action.ends and name == "pattern" else name


def _nodes() -> Ints:
    nodes = np.zeros((GRAMMAR.num_holes, GRAMMAR.num_actions), dtype=np.int64)
    leaf = np.array([a.sort in {"name", "const", "literal"} for a in GRAMMAR.actions])
    written = np.array(
        [
            sum(SUMS.get(node) in {"stmt", "expr"} for node in action.nodes)
            for action in GRAMMAR.actions
        ]
    )
    for hole in GRAMMAR.holes:
        nodes[hole.id] = np.where(leaf, "expr" in hole.sorts, written)
    return nodes
