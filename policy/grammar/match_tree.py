"""Choosing the production of a node: the first that fits, then folded with what fills its holes.

Which production fits depends on a node's shape alone (which fields are empty, how long its lists
are), so the choice is remembered per shape.
"""

import ast
from collections import defaultdict
from functools import cache
from typing import Any, Final

from policy.grammar.errors import CodecError
from policy.grammar.grammar import GRAMMAR, STORE, Action, Hole, Pattern
from policy.grammar.lexicon import Lexicon
from policy.grammar.virtual import Default, View, view

Children = list[tuple[Hole, Any]]


@cache
def _candidates() -> dict[str, list[Action]]:
    found: dict[str, list[Action]] = defaultdict(list)
    for action in GRAMMAR.actions:
        if action.pattern is not None and not action.parts:
            found[action.pattern["node"]].append(action)
    return found


@cache
def _fixed() -> tuple[frozenset[str], frozenset[Any]]:
    """Constructors inside patterns, and constants that patterns fix (with their types)."""
    nodes: set[str] = set()
    values: set[Any] = set()

    def visit(pattern: Pattern, *, inner: bool) -> None:
        if inner and "node" in pattern:
            nodes.add(pattern["node"])
        if "value" in pattern:
            values.add((type(pattern["value"]), pattern["value"]))
        for _, child in pattern.get("fields", ()):
            visit(child, inner=True)
        for child in pattern.get("list", ()):
            visit(child, inner=True)

    for actions in _candidates().values():
        for action in actions:
            visit(action.pattern or {}, inner=False)
    return frozenset(nodes), frozenset(values)


_FIELDS: Final[dict[type, tuple[str, ...]]] = {}


def _items(node: Any) -> tuple[str, dict[str, Any]]:
    """The constructor's name and its fields, without `ctx`."""
    node = view(node)
    if isinstance(node, View):
        return node.name, node.fields
    fields = node.__dict__ if not isinstance(node, ast.AST) else None
    if fields is None:
        names = _FIELDS.get(type(node))
        if names is None:
            names = tuple(name for name in node._fields if name != "ctx")
            _FIELDS[type(node)] = names
        fields = {name: getattr(node, name, None) for name in names}
    return type(node).__name__, fields


def _shape(value: Any, nodes: frozenset[str], values: frozenset[Any]) -> Any:
    if isinstance(value, list):
        inner = _shape(value[0], nodes, values) if len(value) == 1 else None
        return (min(len(value), 4), inner, any(type(item) is Default for item in value[:4]))
    if value is None or isinstance(value, int | str):
        key = (type(value), value)
        return key if key in values else type(value)
    name = type(value).__name__
    if name not in nodes:
        return None
    name, fields = _items(value)
    return (name, *(_shape(field, nodes, values) for field in fields.values()))


_CHOSEN: Final[dict[Any, Action]] = {}


def _base(node: Any, hole: Hole, last: bool) -> tuple[Action, Children]:
    name, fields = _items(node)
    nodes, values = _fixed()
    starred = hole.mode == STORE and _has_star(node)
    key = (name, last, starred, *(_shape(field, nodes, values) for field in fields.values()))
    action = _CHOSEN.get(key)
    if action is not None and action.sort in hole.sorts:
        children: Children = []
        _match_fields(action.pattern or {}, fields, hole, children)
        return action, children
    for action in _candidates()[name]:
        children = []
        if (
            action.sort in hole.sorts
            and (last or not action.ends)
            and not (starred and "list" in dict((action.pattern or {})["fields"])["elts"])
            and _match_fields(action.pattern or {}, fields, hole, children)
        ):
            _CHOSEN[key] = action
            return action, children
    raise CodecError(f"no production of Python 3.11 writes this {name} as {hole.name}")


def base(node: Any, hole: Hole) -> Action:
    """The production of `node` before any folding. Raises CodecError where nothing fits."""
    return _base(node, hole, last=False)[0]


def _has_star(node: Any) -> bool:
    return isinstance(node, ast.Tuple | ast.List) and any(
        isinstance(element, ast.Starred) for element in node.elts
    )


def _match_fields(pattern: Pattern, fields: dict[str, Any], hole: Hole, out: Children) -> bool:
    rows = pattern["fields"]
    if len(rows) < len(fields):
        named = {name for name, _ in rows}
        if any(value for name, value in fields.items() if name not in named):
            return False  # a later Python's field, such as type_params, that is in use
    return all(_match(child, fields[name], hole, out) for name, child in rows)


def _match(pattern: Pattern, value: Any, hole: Hole, out: Children) -> bool:
    if "hole" in pattern:
        inner = _inner_hole(pattern["hole"], hole.mode)
        if value is None and "none" not in inner.sorts:
            return False
        if type(value) is Default and "default" not in inner.sorts:
            return False
        out.append((inner, value))
        return True
    if "list" in pattern:
        rows = pattern["list"]
        return (
            isinstance(value, list)
            and len(value) == len(rows)
            and all(_match(row, item, hole, out) for row, item in zip(rows, value, strict=True))
        )
    if "node" in pattern:
        if value is None or isinstance(value, list | str | int):
            return False
        name, fields = _items(value)
        return name == pattern["node"] and _match_fields(pattern, fields, hole, out)
    expected = pattern["value"]
    return type(value) is type(expected) and bool(value == expected)


@cache
def _inner_hole(name: str, mode: int) -> Hole:
    from policy.grammar.grammar import HoleUse

    return GRAMMAR.hole(HoleUse(name), mode)


@cache
def _foldable() -> dict[int, list[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for parent, index, _ in GRAMMAR.folds:
        found[parent].add(index)
    return {parent: sorted(indices) for parent, indices in found.items()}


def choose(node: Any, hole: Hole, last: bool, lexicon: Lexicon) -> tuple[Action, Children]:
    """The action that writes `node` in `hole`, and what fills the holes that it opens.

    `last`: whether it is the last element of its list. Raises CodecError where nothing fits.
    """
    action, children = _base(node, hole, last)
    while True:
        found = [
            fold
            for index in _foldable().get(action.id, ())
            if (fold := _fold(action, index, children, lexicon)) is not None
        ]
        if not found:
            return action, children
        # The fold that was mined first is the most frequent.
        action, children = min(found, key=lambda fold: fold[0].id)


def _fold(
    action: Action, index: int, children: Children, lexicon: Lexicon
) -> tuple[Action, Children] | None:
    hole, value = children[index]
    if value is None or hole.is_list:
        return None
    leaf = lexicon.leaf(value, hole)
    if leaf is not None:
        child_id, inner = leaf[0], Children()
    else:
        child, inner = _base(value, hole, last=False)
        child_id = child.id
    merged = GRAMMAR.folds.get((action.id, index, child_id))
    if merged is None:
        return None
    return GRAMMAR.actions[merged], [*children[:index], *inner, *children[index + 1 :]]
