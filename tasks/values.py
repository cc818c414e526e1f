"""Python values in JSON: as JSON where that is exact, else `{"$py": "<Python literal>"}`.

A literal is read by `ast.literal_eval`; the names `nan` and `inf` are read as the floats that have
no literal of their own.
"""

import ast
import math
import warnings

KEY = "$py"
_NAMED_FLOATS = {"nan": math.nan, "inf": math.inf}


class _NamedFloats(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in _NAMED_FLOATS:
            return ast.Constant(_NAMED_FLOATS[node.id])
        return node


def read_literal(text: str) -> object:
    """Return the value of one Python literal. Raises ValueError in one line when it is not one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
        value: object = ast.literal_eval(_NamedFloats().visit(tree.body))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise ValueError(f"not a Python literal: {_shorten(text)!r}") from None
    return value


def literal(value: object) -> str:
    """Return the Python literal of a value: the same text in every process (sets are sorted).

    Raises ValueError for a value that has no literal.
    """
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, set):
        return "{" + ", ".join(sorted(map(literal, value))) + "}" if value else "set()"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    raise ValueError(f"a {type(value).__name__} has no Python literal")


def to_json(value: object) -> object:
    """Return a JSON value that `from_json` reads back exactly. Raises ValueError without one."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value) and KEY not in value:
        return {key: to_json(item) for key, item in value.items()}
    return {KEY: literal(value)}


def from_json(value: object) -> object:
    """Return the Python value of a JSON value. Raises ValueError for a malformed `$py`."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    if KEY not in value:
        return {key: from_json(item) for key, item in value.items()}
    text = value[KEY]
    if len(value) != 1 or not isinstance(text, str):
        raise ValueError(f'a Python value is {{"{KEY}": "<literal>"}} with no other key')
    return read_literal(text)


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
