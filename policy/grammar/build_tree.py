"""From actions back to nodes: what one action writes, given what filled its holes."""

import ast
from functools import cache
from typing import Any

from policy.grammar.errors import CodecError
from policy.grammar.grammar import DELETE, LOAD, STORE, Action, Hole, Names, Pattern
from policy.grammar.lexicon import Lexicon
from policy.grammar.virtual import OWN, unview

_CONTEXTS = {LOAD: ast.Load(), STORE: ast.Store(), DELETE: ast.Del()}


def entry_function(names: Names, body: list[ast.stmt]) -> ast.FunctionDef:
    """The entry function around its body: the signature's names, no annotations."""
    if names.entry_point is None:
        raise CodecError("Root.BODY needs an entry point")
    args = [_located(ast.arg(name, None, None)) for name in names.params]
    arguments = ast.arguments([], args, None, [], [], None, [])
    fields = {"name": names.entry_point, "args": arguments, "body": body, "decorator_list": []}
    function: ast.FunctionDef = _node(
        "FunctionDef", {**fields, "returns": None, "type_comment": None}
    )
    return function


def accepts(hole: Hole, action: Action) -> bool:
    """Whether the grammar lets `action` fill `hole`."""
    if action.sort == "stop":
        return hole.is_list
    return action.sort in hole.sorts


def finish(value: Any) -> Any:
    """A hole's value as a field holds it: lists are collected back to front."""
    return value[::-1] if isinstance(value, list) else value


def value(action: Action, hole: Hole, children: list[Any], lexicon: Lexicon) -> Any:
    """What `action` writes in `hole`; `children` fill its holes in order."""
    match action.sort:
        case "none":
            return None
        case "char":
            return action.id
        case "name":
            return _name(lexicon.read_name(action, finish(children[0]) if children else []), hole)
        case "const" | "literal":
            constant = lexicon.read_constant(action, finish(children[0]) if children else [])
            return _constant(constant, action, hole)
    filled = iter(children)
    return _build(action.pattern or {}, hole.mode, filled)


def _name(name: str, hole: Hole) -> Any:
    if "expr" in hole.sorts:
        return _node("Name", {"id": name}, hole.mode)
    if "arg" in hole.sorts:
        return _located(ast.arg(name, None, None))
    if "alias" in hole.sorts:
        return _located(ast.alias(name, None))
    return name


def _constant(constant: Any, action: Action, hole: Hole) -> Any:
    if "expr" not in hole.sorts:
        expected = int if hole.name == "int" else str
        if type(constant) is not expected:
            raise CodecError(f"{hole.name} holds {constant!r}")
        return constant
    negative = action.sort == "literal" and isinstance(constant, int | float)
    if negative and str(constant).startswith("-"):
        operand = _node("Constant", {"value": -constant, "kind": None})
        return _node("UnaryOp", {"op": ast.USub(), "operand": operand})
    kind = "u" if action.row.get("spell") == "USTR" else None
    return _node("Constant", {"value": constant, "kind": kind})


def _build(pattern: Pattern, mode: int, filled: Any) -> Any:
    if "hole" in pattern:
        return finish(next(filled))
    # What a pattern holds inside is loaded, also where the whole is stored to: `a[0][i] = …`.
    if "list" in pattern:
        return [_build(child, LOAD, filled) for child in pattern["list"]]
    if "node" in pattern:
        fields = {name: _build(child, LOAD, filled) for name, child in pattern["fields"]}
        return _node(pattern["node"], fields, mode)
    return pattern["value"]


@cache
def _extra_fields(name: str) -> tuple[str, ...]:
    """Lists that later Pythons added to a constructor of 3.11."""
    return tuple(set(getattr(ast, name)._fields) & {"type_params"})


def _node(name: str, fields: dict[str, Any], mode: int = LOAD) -> Any:
    own = OWN.get(name)
    if own is not None:
        return own(**fields)
    cls = getattr(ast, name)
    fields = unview(name, fields)
    for extra in _extra_fields(name):
        fields[extra] = []
    if "ctx" in cls._fields:
        fields["ctx"] = _CONTEXTS[mode]
    return _located(cls(**fields))


def _located(node: Any) -> Any:
    if "lineno" in node._attributes:
        node.lineno = node.end_lineno = 1
        node.col_offset = node.end_col_offset = 0
    return node
