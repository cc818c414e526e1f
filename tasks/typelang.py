"""The types of a task's signature: parse, check a value, infer from values.

`int bool float str bytes None Any list[T] set[T] dict[K, V] tuple[T1, T2] tuple[T, ...] T | None`.
"""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_SCALARS: dict[str, type] = {
    "int": int,
    "bool": bool,
    "float": float,
    "str": str,
    "bytes": bytes,
    "None": type(None),
}
_ARITY = {"list": 1, "set": 1, "dict": 2}
_CONTAINERS: dict[str, type] = {"list": list, "set": set, "dict": dict, "tuple": tuple}


@dataclass(frozen=True)
class ValueType:
    """One type: `name` is a scalar, `Any`, a container or `optional`; `args` are its parts."""

    name: str
    args: tuple["ValueType", ...] = ()
    variadic: bool = False
    """`tuple[T, ...]`: any number of `args[0]`."""

    def __str__(self) -> str:
        if self.name == "optional":
            return f"{self.args[0]} | None"
        if self.name == "tuple" and not self.args:
            return "tuple[()]"
        inner = ", ".join(map(str, self.args)) + (", ..." if self.variadic else "")
        return f"{self.name}[{inner}]" if self.args else self.name


ANY = ValueType("Any")
NONE = ValueType("None")


@lru_cache(maxsize=4096)
def parse(text: str) -> ValueType:
    """Return the type that `text` writes. Raises ValueError naming the part it can't read."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"not a type: {text!r}") from None
    return _from_node(node)


def _from_node(node: ast.expr) -> ValueType:
    match node:
        case ast.Constant(value=None):
            return NONE
        case ast.Name(id=name) if name in _SCALARS or name == "Any":
            return ValueType(name)
        case ast.Name(id=name) if name in _CONTAINERS:
            raise ValueError(f"{name} needs the types of its items, for example {name}[Any]")
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return optional(_from_node(left))
        case ast.BinOp(left=ast.Constant(value=None), op=ast.BitOr(), right=right):
            return optional(_from_node(right))
        case ast.Subscript(value=ast.Name(id="tuple"), slice=inner):
            return _tuple_type(inner)
        case ast.Subscript(value=ast.Name(id=name), slice=inner) if name in _ARITY:
            args = tuple(map(_from_node, _items(inner)))
            if len(args) != _ARITY[name]:
                raise ValueError(f"{name} takes {_ARITY[name]} type(s), got {len(args)}")
            return ValueType(name, args)
    raise ValueError(
        f"unknown type {ast.unparse(node)!r}; use int bool float str bytes None Any list[T] set[T] "
        "dict[K, V] tuple[T, ...] or T | None"
    )


def _tuple_type(inner: ast.expr) -> ValueType:
    items = _items(inner)
    if len(items) == 2 and isinstance(items[1], ast.Constant) and items[1].value is ...:
        return ValueType("tuple", (_from_node(items[0]),), variadic=True)
    return ValueType("tuple", tuple(map(_from_node, items)))


def _items(inner: ast.expr) -> Sequence[ast.expr]:
    return inner.elts if isinstance(inner, ast.Tuple) else [inner]


def optional(part: ValueType) -> ValueType:
    """`part | None`, without saying None twice."""
    return part if part.name in ("optional", "Any", "None") else ValueType("optional", (part,))


def matches(value: object, wanted: ValueType) -> bool:
    """Whether a value has a type. An int is a float as well; a bool is no int."""
    if wanted.name == "Any":
        return True
    if wanted.name == "optional":
        return value is None or matches(value, wanted.args[0])
    if wanted.name == "float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted.name in _SCALARS:
        return type(value) is _SCALARS[wanted.name]
    return type(value) is _CONTAINERS[wanted.name] and _items_match(value, wanted)


def _items_match(value: object, wanted: ValueType) -> bool:
    if isinstance(value, dict):
        key, item = wanted.args
        return all(matches(k, key) and matches(v, item) for k, v in value.items())
    if isinstance(value, tuple) and not wanted.variadic:
        return len(value) == len(wanted.args) and all(map(matches, value, wanted.args))
    return isinstance(value, Iterable) and all(matches(item, wanted.args[0]) for item in value)


def infer(values: Sequence[object]) -> ValueType:
    """Return the narrowest type that all values have; `Any` where there is no such type."""
    present = [value for value in values if value is not None]
    if not present:
        return NONE if values else ANY
    found = _infer_present(present)
    return optional(found) if len(present) < len(values) else found


def _infer_present(values: Sequence[object]) -> ValueType:
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return ValueType("float")
    if len(kinds) != 1:
        return ANY
    name = kinds.pop().__name__
    if name in _SCALARS:
        return ValueType(name)
    if name not in _CONTAINERS:
        return ANY
    return _infer_container(name, values)


def _infer_container(name: str, values: Sequence[object]) -> ValueType:
    if name == "dict":
        dicts = [value for value in values if isinstance(value, dict)]
        keys = infer([key for value in dicts for key in value])
        return ValueType(name, (keys, infer([item for value in dicts for item in value.values()])))
    rows = [list(value) for value in values if isinstance(value, list | set | tuple)]
    if name != "tuple":
        return ValueType(name, (infer([item for row in rows for item in row]),))
    if len({len(row) for row in rows}) == 1:
        columns = zip(*rows, strict=True)
        return ValueType(name, tuple(infer(column) for column in columns))
    return ValueType(name, (infer([item for row in rows for item in row]),), variadic=True)
