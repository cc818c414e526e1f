"""Types of a program's calls: declared, or found from the tests' values; and values as bytes.

Across languages a value is int, float, bool, str, list[T], tuple[A, B], dict[K, V] (K: int, str or
bool) or T | None. Where int and float meet in one place, all there is float.
"""

from collections.abc import Iterable, Sequence

from sandbox.jail.encode import MAX_DEPTH, encode
from sandbox.signature import SignatureError, Type, parse
from sandbox.types import Signature, Test

_ATOMS = ("int", "float", "bool", "str")
_KEYS = ("int", "str", "bool")
_LEAST, _MOST = -(2**63), 2**63 - 1
_UNKNOWN = Type("?")
_NONE = Type("None")
_MOST_BYTES = 64 * 2**20


def signature_of(
    tests: Sequence[Test], declared: Signature | None
) -> tuple[tuple[Type, ...], Type]:
    """Return the types of the parameters and of the returned value.

    Raises:
        SignatureError: names the place, the values' types, and what to declare.

    """
    if declared is not None:
        parameters = tuple(parse(text) for text in declared.parameters)
        returns = parse(declared.returns)
    else:
        parameters, returns = _found(tests)
    for place, kind in enumerate(parameters):
        _check(kind, f"argument {place}")
    _check(returns, "the expected value")
    return parameters, returns


def _found(tests: Sequence[Test]) -> tuple[tuple[Type, ...], Type]:
    count = len(tests[0].args)
    if any(len(test.args) != count for test in tests):
        raise SignatureError("the tests' calls differ in their number of arguments")
    parameters = tuple(
        _of_all((test.args[place] for test in tests), f"argument {place}") for place in range(count)
    )
    return parameters, _of_all((test.expected for test in tests), "the expected value")


def _of_all(values: Iterable[object], where: str) -> Type:
    found = _UNKNOWN
    for value in values:
        found = _unified(found, _of(value, where, 0), where)
    return found


def _of(value: object, where: str, depth: int) -> Type:
    """Return the type of one value."""
    if depth > MAX_DEPTH:
        raise SignatureError(f"{where}: nested too deep")
    if value is None:
        return _NONE
    if type(value) in (int, float, bool, str):
        return Type(type(value).__name__)
    if isinstance(value, list):
        part = _UNKNOWN
        for item in value:
            part = _unified(part, _of(item, where, depth + 1), where)
        return Type("list", (part,))
    if isinstance(value, tuple):
        return Type("tuple", tuple(_of(item, where, depth + 1) for item in value))
    if isinstance(value, dict):
        key, held = _UNKNOWN, _UNKNOWN
        for one, other in value.items():
            key = _unified(key, _of(one, where, depth + 1), where)
            held = _unified(held, _of(other, where, depth + 1), where)
        return Type("dict", (key, held))
    raise SignatureError(f"{where}: a {type(value).__name__} has no form in every language")


def _unified(left: Type, right: Type, where: str) -> Type:
    """Return the one type that holds the values of both."""
    if left == right or right == _UNKNOWN:
        return left
    if left == _UNKNOWN:
        return right
    if {left.name, right.name} == {"int", "float"}:
        return Type("float")
    if _NONE in (left, right) or "union" in (left.name, right.name):
        parts = [_without_none(kind) for kind in (left, right) if kind != _NONE]
        return Type("union", (_unified(parts[0], parts[-1], where), _NONE))
    if left.name == right.name and len(left.parts) == len(right.parts) > 0:
        pairs = zip(left.parts, right.parts, strict=True)
        return Type(left.name, tuple(_unified(*pair, where) for pair in pairs))
    raise SignatureError(
        f"{where}: {left} in one place and {right} in another; a value has one type in every "
        "language but Python and JavaScript"
    )


def _without_none(kind: Type) -> Type:
    return kind.parts[0] if kind.name == "union" else kind


def _check(kind: Type, where: str) -> None:
    """Refuse what some language has no type for.

    Raises:
        SignatureError: names the type.

    """
    if kind in (_UNKNOWN, _NONE) or (kind.name == "list" and kind.parts[0] == _UNKNOWN):
        raise SignatureError(f"{where}: the tests do not show its type; declare a signature")
    if kind.name == "union":
        if len(kind.parts) != 2 or _NONE not in kind.parts or kind.parts[0] == kind.parts[1]:
            raise SignatureError(f"{where}: {kind}: only T | None works in every language")
        for part in kind.parts:
            if part != _NONE:
                _check(part, where)
        return
    if kind.name == "dict" and kind.parts[0].name not in _KEYS:
        raise SignatureError(f"{where}: {kind}: keys are {', '.join(_KEYS)} in every language")
    if kind.name not in (*_ATOMS, "list", "tuple", "dict"):
        raise SignatureError(f"{where}: {kind} has no form in every language")
    for part in kind.parts:
        _check(part, where)


def conformed(value: object, kind: Type, where: str) -> object:
    """Return a value as its type has it: an int as a float where the type is float.

    Raises:
        SignatureError: an int of more than 64 bits.

    """
    if kind.name == "union":
        inner = next(part for part in kind.parts if part != _NONE)
        return None if value is None else conformed(value, inner, where)
    if kind.name == "float" and isinstance(value, int):
        return float(value)
    if isinstance(value, list):
        return [conformed(item, kind.parts[0], where) for item in value]
    if isinstance(value, tuple):
        return tuple(conformed(*pair, where) for pair in zip(value, kind.parts, strict=True))
    if isinstance(value, dict):
        key, held = kind.parts
        return {conformed(k, key, where): conformed(v, held, where) for k, v in value.items()}
    if kind.name == "int" and isinstance(value, int) and not _LEAST <= value <= _MOST:
        raise SignatureError(f"{where}: {value} has more than 64 bits")
    return value


def arguments_bytes(args: tuple[object, ...]) -> bytes:
    """Return a call's arguments: canonical, but for dicts, which keep their order."""
    body = b"t%d:" % len(args) + b"".join(map(_in_order, args))
    return b"%d:%s" % (len(body), body)


def _in_order(value: object) -> bytes:
    if isinstance(value, (list, tuple)):
        head = b"l" if isinstance(value, list) else b"t"
        return head + b"%d:" % len(value) + b"".join(map(_in_order, value))
    if isinstance(value, dict):
        pairs = (_in_order(key) + _in_order(held) for key, held in value.items())
        return b"d%d:" % len(value) + b"".join(pairs)
    return encode(value, _MOST_BYTES)
