"""What an action does to the stack, as arrays over holes and actions; no profile changes it.

H hole types (the codec's, then the spelling states; 0 is no hole), V actions, C holes an action
opens at most, M moves.
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
from policy.grammar.layout import (
    COLUMNS,
    DEPTH_BIT,
    FIRST_NAME,
    FIRST_PARENT,
    KIND_BIT,
    NEST_BITS,
    NO_NAME,
    PARENT_BIT,
    PLACE,
    ROOT_PARENT,
    SCOPE_BIT,
    SIGNAL_SHIFT,
    SLOT_BIT,
    WHERE,
)

Ints = NDArray[np.int64]
MAX_CHILDREN: Final = max(len(action.holes) for action in GRAMMAR.actions)
# Lists whose later elements a sample may not choose freely.
_NARROWS: Final = {
    ("args", "default"): "args_d",
    ("elements_to", "Starred"): "elements_t2",
    ("patterns", "MatchStar"): "patterns_s",
    ("patterns", "MatchStar[name]"): "patterns_s",
}
# Columns of a move: bits set in the hole's scope, growth of the stack, the columns of the memory at
# which a name's last use is read and written, then the entries.
BITS, GROWTH, READ, WRITE, HEAD = range(5)
NOWHERE: Final = ROOT_PARENT << PARENT_BIT
"""PLACE of no hole."""
_FLAGS_LEFT: Final = (1 << SCOPE_BIT) - 1 & ~NEST_BITS


@dataclass(frozen=True, eq=False)
class Moves:
    """Every move, and which one an action in a hole is."""

    fill: Ints
    """[H, V, 2] what stays of a list in the action's place (0: nothing; else the low bits of
    PLACE), and the move."""
    moves: Ints
    """[M, HEAD + 3 * 2 * (C + 1)] the columns above, then what is written on the stack: entry =
    (hole & entries[0]) + entries[1] + times * entries[2], each [2, C + 1] by word and place. The
    list that stays comes first, then the action's holes, the last one first. WHERE's times is the
    field `opened`, PLACE's the position."""
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
    code = np.arange(len(rest)) | kinds << KIND_BIT
    children = _children()
    table = _moves(children, code)
    every = np.arange(GRAMMAR.num_actions)
    move = ((rest > 0) * 3 + mode[:, None]) * GRAMMAR.num_actions + every
    table, move = _with_binding(table, move, rest > 0)
    # What is pushed where there is no hole changes nothing.
    inert = np.zeros((1, table.shape[1]), dtype=np.int64)
    inert[0, READ : WRITE + 1] = NO_NAME
    inert[0, HEAD:].reshape(3, COLUMNS, -1)[1, PLACE, 0] = NOWHERE
    move[0] = len(table)
    fill = np.stack((np.where(rest > 0, code[rest], 0), move), axis=2)
    return Moves(fill, np.concatenate((table, inert)), rest, children, mode, kinds, _nodes())


def _rest() -> Ints:
    names = {name: i for i, name in enumerate(hole_names())}
    rest = np.zeros((len(names), GRAMMAR.num_actions), dtype=np.int64)
    goes_on = [action.id != STOP and not action.ends for action in GRAMMAR.actions]
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


def _moves(children: Ints, code: Ints) -> Ints:
    """[6 * V, …] moves by whether a list stays, the hole's mode, and the action."""
    width = HEAD + 3 * COLUMNS * (MAX_CHILDREN + 1)
    table = np.zeros((2, 3, GRAMMAR.num_actions, width), dtype=np.int64)
    entries = table[..., HEAD:].reshape(2, 3, -1, 3, COLUMNS, MAX_CHILDREN + 1)
    for action in GRAMMAR.actions:
        at = action.id
        table[:, :, at, BITS] = context.signals(action) << SIGNAL_SHIFT
        table[:, :, at, GROWTH] = len(action.holes) - 1
        bit = context.name_bit(action)
        name = NO_NAME if bit is None else (FIRST_NAME + bit,) * 2
        table[:, :, at, READ : WRITE + 1] = name
        entries[1, :, at, ..., 0] = _staying_entry(context.leaves(action))
        for slot, use in enumerate(action.holes):
            place = len(action.holes) - 1 - slot
            for stays in range(2):
                entry = entries[stays, :, at, ..., place + stays]
                entry[:] = _child_entry(context.effect(action, use), slot)
                entry[:, 1, PLACE] += code[children[:, at, slot]]
    table[1, :, :, GROWTH] += 1
    table[..., HEAD:] = entries.reshape(*table.shape[:3], -1)
    return table.reshape(-1, width)


def _child_entry(effect: context.Effect, slot: int) -> Ints:
    entry = np.zeros((3, COLUMNS), dtype=np.int64)
    keep, add, times = entry
    keep[WHERE] = _FLAGS_LEFT & ~effect.clear & ~effect.set
    keep[WHERE] |= 0 if effect.resets_nest else NEST_BITS
    add[WHERE] = effect.set | effect.nest + int(effect.resets_nest)
    if effect.scope:
        column = 3 if effect.clear & context.SIGNALS else 2
        add[WHERE] += column << SCOPE_BIT
        times[WHERE] = 1 << SCOPE_BIT
    else:
        keep[WHERE] |= -1 << SCOPE_BIT
    keep[PLACE] = -1 << DEPTH_BIT
    add[PLACE] = (1 << DEPTH_BIT) + (slot << SLOT_BIT) + (FIRST_PARENT << PARENT_BIT)
    times[PLACE] = 1 << PARENT_BIT
    return entry


def _staying_entry(leaves: int) -> Ints:
    """What is left of a list; its hole type is added to the 0 here."""
    entry = np.zeros((3, COLUMNS), dtype=np.int64)
    keep, add, _ = entry
    keep[[WHERE, PLACE]] = ~leaves, -1 << PARENT_BIT
    add[[WHERE, PLACE]] = leaves, 1 << SLOT_BIT
    return entry


def _with_binding(table: Ints, move: Ints, stays: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Moves of their own for the names that a hole binds in its scope."""
    bits = {action.id: context.name_bit(action) for action in GRAMMAR.actions}
    names = [action for action, bit in bits.items() if bit is not None]
    holes = [hole.id for hole in GRAMMAR.holes if hole.name in context.BINDING_HOLES]
    seen = np.array([1 << bit for bit in bits.values() if bit is not None])
    # A name opens no hole, so that the mode of the hole makes no difference.
    by_name = table.reshape(2, 3, -1, table.shape[1])[:, 0, names]
    by_name[..., BITS] |= seen
    cell = np.ix_(holes, names)
    move[cell] = len(table) + stays[cell] * len(names) + np.arange(len(names))
    return np.concatenate((table, by_name.reshape(-1, table.shape[1]))), move


def _nodes() -> Ints:
    nodes = np.zeros((GRAMMAR.num_holes, GRAMMAR.num_actions), dtype=np.int64)
    leaf = [action.sort in {"name", "const", "literal"} for action in GRAMMAR.actions]
    written = [
        sum(SUMS.get(node) in {"stmt", "expr"} for node in action.nodes)
        for action in GRAMMAR.actions
    ]
    for hole in GRAMMAR.holes:
        nodes[hole.id] = np.where(leaf, "expr" in hole.sorts, written)
    return nodes
