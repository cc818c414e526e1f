"""Declared types, written as in Python, and whether a value is of one.

    int float bool str bytes None · list[T] set[T] frozenset[T] tuple[T, …] tuple[T, ...]
    dict[K, V] · T | None, A | B

A type is read once into a tree; nothing is evaluated. As everywhere here, bool is not int and int
is not float.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.types import Program, Signature, Test

_ATOMS: dict[str, type] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "bytes": bytes,
    "complex": complex,
}
_ONE_ITEM = {"list": list, "set": set, "frozenset": frozenset}
_CONTAINERS: dict[str, type] = {**_ONE_ITEM, "tuple": tuple, "tuple*": tuple}
_MOST_TEXT = 500


class SignatureError(ValueError):
    """A type that can't be read, or a value of another one."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type: its name ("int", "list", "union", …) and its parts in order.

    `name` is "tuple" for a tuple of fixed length and "tuple*" for `tuple[T, ...]`.
    """

    name: str
    parts: tuple["Type", ...] = ()

    def __str__(self) -> str:
        """Return the type as Python writes it."""
        parts = [str(part) for part in self.parts]
        if self.name == "union":
            return " | ".join(parts)
        if self.name == "tuple*":
            return f"tuple[{parts[0]}, ...]"
        if self.name == "tuple":
            return f"tuple[{', '.join(parts) or '()'}]"
        return f"{self.name}[{', '.join(parts)}]" if parts else self.name

    def holds(self, value: object) -> bool:
        """Whether a value is of this type."""
        if self.name == "union":
            return any(part.holds(value) for part in self.parts)
        if self.name == "None":
            return value is None
        if self.name in _ATOMS:
            return type(value) is _ATOMS[self.name]
        if self.name == "dict":
            return isinstance(value, dict) and all(map(self._holds_pair, value.items()))
        if type(value) is not _CONTAINERS[self.name]:
            return False
        held = tuple(_members(value))
        if self.name != "tuple":
            return all(map(self.parts[0].holds, held))
        return len(held) == len(self.parts) and all(
            part.holds(item) for part, item in zip(self.parts, held, strict=True)
        )

    def _holds_pair(self, pair: tuple[object, object]) -> bool:
        return self.parts[0].holds(pair[0]) and self.parts[1].holds(pair[1])


def _members(value: object) -> Iterator[object]:
    return iter(value)  # type: ignore[call-overload,no-any-return]  # a container, as just seen


def parse(text: str) -> Type:
    """Return the type that a text names.

    Raises:
        SignatureError: names the text.

    """
    try:
        if len(text) > _MOST_TEXT:
            raise ValueError("too long")
        return _type(ast.parse(text.strip(), mode="eval").body)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise SignatureError(
            f"{text[:80]!r} is no type; types are int, float, bool, str, bytes, complex, None, "
            "list[T], set[T], frozenset[T], tuple[A, B], tuple[T, ...], dict[K, V], A | None"
        ) from error


def _type(node: ast.expr) -> Type:
    if isinstance(node, ast.Constant) and node.value is None:
        return Type("None")
    if isinstance(node, ast.Name) and node.id in _ATOMS:
        return Type(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        both = [_type(side) for side in (node.left, node.right)]
        return Type(
            "union", tuple(p for t in both for p in (t.parts if t.name == "union" else [t]))
        )
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _container(node.value.id, inner)
    raise ValueError("no type")


def _container(name: str, inner: list[ast.expr]) -> Type:
    if name == "tuple" and len(inner) == 2 and _is_ellipsis(inner[1]):
        return Type("tuple*", (_type(inner[0]),))
    if name != "tuple" and len(inner) != {"dict": 2}.get(name, 1 if name in _ONE_ITEM else 0):
        raise ValueError("no such container")
    return Type(name, tuple(_type(item) for item in inner))


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def check(program: Program) -> None:
    """Hold a program's tests against its signature, where it declares one.

    Raises:
        SignatureError: names the test, the parameter and both types.

    """
    if program.signature is None:
        return
    parameters, returns = _types(program.signature)
    calls = [test for test in program.tests if isinstance(test, Test)]
    for number, test in enumerate(calls):
        if len(test.args) != len(parameters):
            raise SignatureError(
                f"test {number} has {len(test.args)} arguments, the signature {len(parameters)}"
            )
        for place, (value, declared) in enumerate(zip(test.args, parameters, strict=True)):
            _hold(value, declared, f"test {number}, argument {place}")
        _hold(test.expected, returns, f"test {number}, expected value")


def _types(signature: Signature) -> tuple[tuple[Type, ...], Type]:
    return tuple(parse(text) for text in signature.parameters), parse(signature.returns)


def _hold(value: object, declared: Type, where: str) -> None:
    if not declared.holds(value):
        shown = ascii(value)
        shown = shown if len(shown) <= 60 else shown[:59] + "…"
        raise SignatureError(f"{where}: {shown} is no {declared}")
