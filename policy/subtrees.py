"""The tree in an action sequence: where each subtree ends, and how nodes are named.

Node 0 is the root, the whole program; node i + 1 is action i with what fills its holes, a run of
actions. An edit at a node writes that run anew (`policy.edits`). In a list each element is a node,
and so is the STOP at its end, where more can be written; an action that ends its list may become
one that does not, and the other way round.

L actions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policy.grammar import GRAMMAR, CodecError, Root
from policy.grammar.codec import assign_holes
from policy.grammar.grammar import STOP, Action, Pattern

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ROOT: Final = 0
"""The node that is the whole program."""
_FIRST_STEP: Final = {Root.BODY: "/body", Root.MODULE: ""}


@dataclass(frozen=True, eq=False)
class Subtrees:
    """What is known of each of a program's L actions."""

    ends: Ints
    """[L] where its subtree ends: the first position after it."""
    hole_ends: Ints
    """[L] where its hole is closed: for an element, where the whole list ends."""
    open_holes: Ints
    """[L] holes open before it, its own included."""
    goes_on: Bools
    """[L] whether it is an element that leaves its list open."""
    depths: Ints
    """[L] 0 is the root's."""
    selectable: Bools
    """[L + 1] nodes that an edit may point at: all but the characters of what is spelled, and but
    the action that is the root itself."""
    pointers: tuple[str, ...]
    """L + 1 JSON pointers (RFC 6901), by the field names of Python's grammar; "" is the root."""

    def node(self, pointer: str) -> int:
        """Give the node that a JSON pointer names. Raises ValueError where there is none."""
        try:
            return self.pointers.index(pointer)
        except ValueError:
            raise ValueError(f"the program has no node {pointer!r}") from None

    def resumes(self, node: int, *, goes_on: bool) -> int:
        """Say from which action on the program is kept by an edit at a node.

        `goes_on`: whether what was written leaves its list open.
        """
        if node == ROOT:
            return len(self.ends)
        kept = self.ends if goes_on and self.goes_on[node - 1] else self.hole_ends
        return int(kept[node - 1])


@dataclass(frozen=True)
class Replaced:
    """An edit that leads from one program to another."""

    node: int
    begin: int
    """What stands before this action is kept, and is the same in both."""
    old_end: int
    """What follows in the old program is kept."""
    new_end: int
    """Actions `begin` to `new_end` of the new program are written by the edit."""


@lru_cache(maxsize=4096)
def subtrees(actions: tuple[int, ...], root: Root) -> Subtrees:
    """Find the subtrees of a whole program. Raises CodecError where it is none."""
    if not actions:
        raise CodecError("an empty program has no nodes")
    holes = assign_holes(actions, root)
    goes_on = np.array(
        [
            hole.is_list and action != STOP and not GRAMMAR.actions[action].ends
            for action, hole in zip(actions, holes, strict=True)
        ]
    )
    opened = np.array([len(GRAMMAR.actions[action].holes) for action in actions])
    growth = opened + goes_on - 1
    open_holes = 1 + np.concatenate(([0], growth.cumsum()))
    closed = open_holes[:-1] - 1
    depths, pointers = _places(actions, goes_on.tolist(), [hole.is_list for hole in holes], root)
    return Subtrees(
        ends=_first_at(open_holes, closed + goes_on),
        hole_ends=_first_at(open_holes, closed),
        open_holes=open_holes[:-1],
        goes_on=goes_on,
        depths=np.array(depths),
        selectable=np.array(
            [True, holes[0].is_list, *(hole.name != "chars" for hole in holes[1:])]
        ),
        pointers=pointers,
    )


def first_action(node: int) -> int:
    """Where what an edit at a node writes begins."""
    return max(0, node - 1)


def smallest_edit(old: tuple[int, ...], new: tuple[int, ...], root: Root) -> Replaced | None:
    """Find the edit that writes least and makes `new` of `old`; None where they are the same."""
    if old == new:
        return None
    before, after = subtrees(old, root), subtrees(new, root)
    pairs = zip(old, new, strict=False)
    # Of two programs neither is the beginning of the other.
    differs = next(at for at, (one, other) in enumerate(pairs) if one != other)
    found = (
        _edit_at(old, new, before, after, node)
        for node in range(differs + 1, -1, -1)
        if before.selectable[node]
    )
    fitting = [edit for edit in found if edit is not None]
    return min(fitting, key=lambda edit: edit.new_end - edit.begin)


def _edit_at(
    old: tuple[int, ...], new: tuple[int, ...], before: Subtrees, after: Subtrees, node: int
) -> Replaced | None:
    at = first_action(node)
    old_end = before.resumes(node, goes_on=bool(after.goes_on[at]))
    new_end = after.resumes(node, goes_on=bool(before.goes_on[at]))
    return Replaced(node, at, old_end, new_end) if old[old_end:] == new[new_end:] else None


def _first_at(open_holes: Ints, levels: Ints) -> Ints:
    """For each action the first later position with no more holes open than its level."""
    positions = np.arange(len(open_holes))
    fits = (open_holes <= levels[:, None]) & (positions > positions[:-1, None])
    found: Ints = fits.argmax(1)
    return found


def _places(
    actions: Sequence[int], goes_on: list[bool], in_list: list[bool], root: Root
) -> tuple[list[int], tuple[str, ...]]:
    """Depth and pointer of each action."""
    depths: list[int] = []
    pointers: list[str] = []
    # Of each open hole: depth, pointer, and index in its list.
    stack = [(0, _FIRST_STEP[root], 0)]
    for at, action in enumerate(actions):
        depth, hole, index = stack.pop()
        pointer = f"{hole}/{index}" if in_list[at] else hole
        depths.append(depth)
        pointers.append(pointer)
        if goes_on[at]:
            stack.append((depth, hole, index + 1))
        stack.extend((depth + 1, pointer + step, 0) for step in _steps(action))
    return depths, ("", *pointers)


@cache
def _steps(action: int) -> tuple[str, ...]:
    """Give the pointers from an action to its holes, the last one first."""
    found: Action = GRAMMAR.actions[action]
    if "spell" in found.row:
        return ("/chars",)
    return tuple(_paths(found.pattern or {}))[::-1]


def _paths(pattern: Pattern) -> Iterator[str]:
    if "hole" in pattern:
        yield ""
    steps = [*pattern.get("fields", ()), *enumerate(pattern.get("list", ()))]
    for name, child in steps:
        yield from (f"/{name}{rest}" for rest in _paths(child))
