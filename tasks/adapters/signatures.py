"""Signatures of benchmark functions: names as defined, types from annotations or from values."""

import ast
from collections.abc import Sequence

from tasks import typelang
from tasks.adapters import asserts
from tasks.schema import Example, Param, Signature

_TYPING = {"List": "list", "Dict": "dict", "Tuple": "tuple", "Set": "set"}


def find(source: str, name: str) -> ast.FunctionDef | None:
    """Return the last definition of a function at the top level of a source."""
    found = [
        node
        for node in asserts.parse(source)
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    return found[-1] if found else None


def infer(function: ast.FunctionDef | None, calls: Sequence[Example]) -> Signature | None:
    """Return a signature that all calls fit; None where the definition takes other arguments.

    An annotation counts where it is in the type language and every value fits it; otherwise the
    type is that of the values, and `Any` without values.
    """
    if function is None or function.args.vararg or function.args.kwonlyargs:
        return None
    args = [*function.args.posonlyargs, *function.args.args]
    counts = {len(call.args) for call in calls} or {len(args)}
    if len(counts) != 1 or max(counts) > len(args):
        return None
    taken = args[: counts.pop()]
    params = tuple(
        Param(arg.arg, _type(arg.annotation, [call.args[i] for call in calls]))
        for i, arg in enumerate(taken)
    )
    return Signature(params, _type(function.returns, [call.expected for call in calls]))


def _type(annotation: ast.expr | None, values: Sequence[object]) -> str:
    declared = _declared(annotation)
    if declared is not None and all(typelang.matches(value, declared) for value in values):
        return str(declared)
    return str(typelang.infer(values))


def _declared(annotation: ast.expr | None) -> typelang.ValueType | None:
    if annotation is None:
        return None
    match annotation:
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            part = _declared(inner)
            return typelang.optional(part) if part else None
    text = ast.unparse(annotation)
    for old, new in _TYPING.items():
        text = text.replace(old, new)
    try:
        return typelang.parse(text)
    except ValueError:
        return None
