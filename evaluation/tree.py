"""A program's syntax tree as people read it: what a terminal and a drawing show of it.

Names, constants and operators stand in the label of the node that they belong to; contexts and
empty fields are left out.
"""

import ast
from dataclasses import dataclass
from typing import Literal

from rich.text import Text
from rich.tree import Tree

Kind = Literal["statement", "expression", "leaf", "group"]

_MAX_LABEL = 28
_STYLES: dict[Kind, str] = {
    "statement": "bold blue",
    "expression": "default",
    "leaf": "green",
    "group": "dim",
}
_GROUPS = {
    "decorator_list": "decorators",
    "defaults": "defaults",
    "finalbody": "finally",
    "kw_defaults": "keyword defaults",
    "orelse": "else",
    "returns": "returns",
}
_SKIPPED = frozenset(
    {"conversion", "ctx", "is_async", "level", "simple", "type_comment", "type_ignores"}
)
_SYMBOLS: dict[type[object], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.BitAnd: "&",
    ast.MatMult: "@",
    ast.And: "and",
    ast.Or: "or",
    ast.Not: "not",
    ast.Invert: "~",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


@dataclass(frozen=True)
class Node:
    """One node as it is shown."""

    label: str
    kind: Kind
    children: tuple["Node", ...] = ()


def outline(tree: ast.AST) -> Node:
    """Return what is shown of `tree`."""
    if isinstance(tree, ast.Constant):
        return Node(_shortened(repr(tree.value)), "leaf")
    words = [] if isinstance(tree, ast.Name | ast.arg) else [type(tree).__name__]
    children: list[Node] = []
    for name, value in ast.iter_fields(tree):
        if name not in _SKIPPED:
            field_words, nodes = _field(value)
            words += field_words
            in_group = name in _GROUPS and nodes
            children += [Node(_GROUPS[name], "group", tuple(nodes))] if in_group else nodes
    return Node(_shortened(" ".join(words)), _kind(tree, children), tuple(children))


def terminal(tree: ast.AST) -> Tree:
    """Return a `rich` renderable of `tree`."""
    root = outline(tree)
    drawn = Tree(_styled(root))
    _grow(drawn, root)
    return drawn


def _field(value: object) -> tuple[list[str], list[Node]]:
    """Return what a field adds to its node: words of the label, and children."""
    words: list[str] = []
    nodes: list[Node] = []
    for part in value if isinstance(value, list) else [value]:
        if type(part) in _SYMBOLS:
            words.append(_SYMBOLS[type(part)])
        elif isinstance(part, ast.arguments):
            nodes.extend(outline(part).children)
        elif isinstance(part, ast.AST):
            nodes.append(outline(part))
        elif part is not None:
            words.append(str(part))
    return words, nodes


def _kind(tree: ast.AST, children: list[Node]) -> Kind:
    if isinstance(tree, ast.mod | ast.stmt | ast.excepthandler | ast.match_case):
        return "statement"
    return "expression" if children else "leaf"


def _shortened(label: str) -> str:
    return label if len(label) <= _MAX_LABEL else label[: _MAX_LABEL - 1] + "…"


def _styled(node: Node) -> Text:
    return Text(node.label, style=_STYLES[node.kind])


def _grow(drawn: Tree, node: Node) -> None:
    for child in node.children:
        _grow(drawn.add(_styled(child)), child)
