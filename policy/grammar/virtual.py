"""Parallel lists of Python's grammar as one list of pairs, and back.

`Dict(keys, values)` and its like would need two lists of equal length, which a sequence cannot
promise; `view` shows such a node as one list of small nodes of our own, `unview` makes it Python's
again.
"""

import ast
from dataclasses import dataclass
from typing import Any

from policy.grammar.errors import CodecError


@dataclass
class DictItem:
    """`key: value` of a dict."""

    key: ast.expr
    value: ast.expr


@dataclass
class DictSpread:
    """`**value` of a dict."""

    value: ast.expr


@dataclass
class Comparison:
    """One operator of a comparison and what stands to its right."""

    op: ast.cmpop
    right: ast.expr


@dataclass
class Default:
    """A parameter with a default value."""

    arg: ast.arg
    value: ast.expr


@dataclass
class MapItem:
    """`key: pattern` of a mapping pattern."""

    key: ast.expr
    pattern: ast.pattern


@dataclass
class KeywordPattern:
    """`name=pattern` of a class pattern."""

    name: str
    pattern: ast.pattern


@dataclass
class View:
    """A node of Python's grammar with other fields; `name` is its constructor."""

    name: str
    fields: dict[str, Any]


def view(node: Any) -> Any:
    """The node itself, or what stands for it."""
    found = _VIEWS.get(type(node))
    return found(node) if found else node


def _dict(node: ast.Dict) -> View:
    pairs = _zip(node.keys, node.values, "Dict")
    items = [DictSpread(v) if k is None else DictItem(k, v) for k, v in pairs]
    return View("Dict", {"items": items})


def _compare(node: ast.Compare) -> View:
    pairs = _zip(node.ops, node.comparators, "Compare")
    rest = [Comparison(op, right) for op, right in pairs]
    return View("Compare", {"left": node.left, "rest": rest})


def _arguments(node: ast.arguments) -> View:
    plain = len(node.posonlyargs) + len(node.args) - len(node.defaults)
    if plain < 0:
        raise CodecError("arguments: more defaults than parameters")
    defaults: list[ast.expr | None] = [*([None] * plain), *node.defaults]
    cut = len(node.posonlyargs)
    fields = {
        "posonly": _parameters(node.posonlyargs, defaults[:cut]),
        "args": _parameters(node.args, defaults[cut:]),
        "vararg": node.vararg,
        "kwonly": _parameters(node.kwonlyargs, node.kw_defaults),
        "kwarg": node.kwarg,
    }
    return View("arguments", fields)


def _parameters(
    args: list[ast.arg], defaults: list[ast.expr] | list[ast.expr | None]
) -> list[ast.arg | Default]:
    pairs = _zip(args, defaults, "arguments")
    return [arg if default is None else Default(arg, default) for arg, default in pairs]


def _mapping(node: ast.MatchMapping) -> View:
    pairs = _zip(node.keys, node.patterns, "MatchMapping")
    return View("MatchMapping", {"items": [MapItem(*pair) for pair in pairs], "rest": node.rest})


def _class(node: ast.MatchClass) -> View:
    pairs = _zip(node.kwd_attrs, node.kwd_patterns, "MatchClass")
    keywords = [KeywordPattern(*pair) for pair in pairs]
    return View("MatchClass", {"cls": node.cls, "patterns": node.patterns, "keywords": keywords})


def _zip(left: list[Any], right: list[Any], name: str) -> list[tuple[Any, Any]]:
    if len(left) != len(right):
        raise CodecError(f"{name}: its lists differ in length")
    return list(zip(left, right, strict=True))


_VIEWS: dict[type, Any] = {
    ast.Dict: _dict,
    ast.Compare: _compare,
    ast.arguments: _arguments,
    ast.MatchMapping: _mapping,
    ast.MatchClass: _class,
}
OWN = {
    cls.__name__: cls
    for cls in (DictItem, DictSpread, Comparison, Default, MapItem, KeywordPattern)
}
"""Constructors that only this grammar knows."""


def unview(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Python's fields for constructor `name`, from the fields of its view."""
    match name:
        case "Dict":
            pairs = [(getattr(item, "key", None), item.value) for item in fields["items"]]
            return {"keys": [k for k, _ in pairs], "values": [v for _, v in pairs]}
        case "Compare":
            rest = fields["rest"]
            ops, comparators = [c.op for c in rest], [c.right for c in rest]
            return {"left": fields["left"], "ops": ops, "comparators": comparators}
        case "arguments":
            return _unview_arguments(fields)
        case "MatchMapping":
            keys = [item.key for item in fields["items"]]
            patterns = [item.pattern for item in fields["items"]]
            return {"keys": keys, "patterns": patterns, "rest": fields["rest"]}
        case "MatchClass":
            attrs = [k.name for k in fields["keywords"]]
            patterns = [k.pattern for k in fields["keywords"]]
            own = {"cls": fields["cls"], "patterns": fields["patterns"]}
            return own | {"kwd_attrs": attrs, "kwd_patterns": patterns}
    return fields


def _unview_arguments(fields: dict[str, Any]) -> dict[str, Any]:
    def bare(items: list[ast.arg | Default]) -> list[ast.arg]:
        return [item.arg if isinstance(item, Default) else item for item in items]

    def values(items: list[ast.arg | Default]) -> list[ast.expr | None]:
        return [item.value if isinstance(item, Default) else None for item in items]

    positional = values(fields["posonly"] + fields["args"])
    defaults = [value for value in positional if value is not None]
    if positional[len(positional) - len(defaults) :] != defaults:
        raise CodecError("arguments: a parameter without a default follows one that has it")
    return {
        "posonlyargs": bare(fields["posonly"]),
        "args": bare(fields["args"]),
        "vararg": fields["vararg"],
        "kwonlyargs": bare(fields["kwonly"]),
        "kw_defaults": values(fields["kwonly"]),
        "kwarg": fields["kwarg"],
        "defaults": defaults,
    }
