"""Reading canonical bytes back and comparing values: on the trusted side only.

Equality is equality of bytes. The reader is for tolerance, order and display; it takes bytes that
untrusted code wrote, so it is strict (one form for each value) and bounded (depth, size).
"""

import cmath
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sandbox.jail.encode import MAX_DEPTH, encode
from sandbox.types import Compare

MAX_BYTES = 64 * 2**20
"""Largest canonical form that this side makes or reads."""

_INTEGER = re.compile(rb"-?(0|[1-9a-f][0-9a-f]*)")
_MOST_TEXT = 40  # the longest repr of a float is 24 characters
_FALSE = frozenset(b"N F i0; f0.0; c0.0,0.0; s0: b0: l0: t0: S0: d0:".split())
"""Every canonical form that Python takes for false."""
# Values that are equal or near are of like length: True, 1, 1.0 and 1+0j are 1 to 9 bytes, a large
# float and the same int 12 times more. What is longer need not be read.
_MOST_RATIO, _MOST_EXTRA = 16, 64


class CanonicalError(ValueError):
    """Bytes that are no value's canonical form."""


def canonical(value: object) -> bytes:
    """Canonical bytes of a trusted value.

    Raises:
        EncodeError: a type without a canonical form, or too deep.
        TooLargeError: more than MAX_BYTES.

    """
    return encode(value, MAX_BYTES)


def decode(data: bytes) -> object:
    """Return the value of canonical bytes; a set within a set or a key comes back as frozenset.

    Raises:
        CanonicalError: the bytes are not exactly what the encoder writes for some value.

    """
    reader = _Reader(data)
    try:
        value = reader.value(0)
    except CanonicalError:
        raise
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise CanonicalError(f"not canonical: {error}") from error
    if reader.position != len(data):
        raise CanonicalError("bytes after the value")
    return value


class _Reader:
    """Position in the bytes, moved by each part that is read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.hashing = 0  # containers around that need hashable members

    def value(self, depth: int) -> object:
        if depth > MAX_DEPTH:
            raise CanonicalError("nested too deep")
        tag = self.data[self.position : self.position + 1]
        self.position += 1
        read = _READERS.get(tag)
        if read is None:
            raise CanonicalError(f"no value starts with {tag!r}")
        return read(self, depth)

    def until(self, end: bytes, most: int) -> bytes:
        stop = self.data.find(end, self.position, self.position + most + 1)
        if stop < 0:
            raise CanonicalError("a part has no end")
        text = self.data[self.position : stop]
        self.position = stop + 1
        return text

    def count(self) -> int:
        text = self.until(b":", 12)
        count = int(text)
        if b"%d" % count != text or not 0 <= count <= len(self.data) - self.position:
            raise CanonicalError("a length that can't be")
        return count

    def raw(self) -> bytes:
        count = self.count()
        self.position += count
        return self.data[self.position - count : self.position]

    def integer(self) -> int:
        text = self.until(b";", len(self.data))
        if not _INTEGER.fullmatch(text) or text == b"-0":
            raise CanonicalError("an integer in another form")
        return int(text, 16)

    def number(self, end: bytes) -> float:
        text = self.until(end, _MOST_TEXT)
        number = float(text)
        if repr(number + 0.0).encode() != text:
            raise CanonicalError("a float in another form")
        return number

    def text(self) -> str:
        raw = self.raw()
        return raw.decode("utf-8", "surrogatepass")

    def items(self, depth: int) -> list[object]:
        return [self.value(depth + 1) for _ in range(self.count())]

    def members(self, depth: int) -> set[object] | frozenset[object]:
        count, last, found = self.count(), b"", set()
        self.hashing += 1
        for _ in range(count):
            start = self.position
            found.add(self.value(depth + 1))
            part = self.data[start : self.position]
            if part <= last:
                raise CanonicalError("a set out of order")
            last = part
        self.hashing -= 1
        return frozenset(found) if self.hashing else found

    def mapping(self, depth: int) -> dict[object, object]:
        count, last, found = self.count(), b"", {}
        for _ in range(count):
            start = self.position
            self.hashing += 1
            key = self.value(depth + 1)
            self.hashing -= 1
            part = self.data[start : self.position]
            if part <= last:
                raise CanonicalError("a dict out of order")
            last = part
            found[key] = self.value(depth + 1)
        return found


_READERS: dict[bytes, Callable[[_Reader, int], object]] = {
    b"N": lambda reader, depth: None,
    b"T": lambda reader, depth: True,
    b"F": lambda reader, depth: False,
    b"i": lambda reader, depth: reader.integer(),
    b"f": lambda reader, depth: reader.number(b";"),
    b"c": lambda reader, depth: complex(reader.number(b","), reader.number(b";")),
    b"s": lambda reader, depth: reader.text(),
    b"b": lambda reader, depth: reader.raw(),
    b"l": lambda reader, depth: reader.items(depth),
    b"t": lambda reader, depth: tuple(reader.items(depth)),
    b"S": lambda reader, depth: reader.members(depth),
    b"d": lambda reader, depth: reader.mapping(depth),
}


class Relation(Enum):
    """How Python's own assert statements hold a value against an expected one."""

    EQUAL = "=="
    TRUE = "bool"
    FALSE = "not"


@dataclass(frozen=True, slots=True)
class Near:
    """`abs(value - expected) < most`."""

    most: float


How = Compare | Relation | Near


def matches(actual: bytes, expected: bytes, how: How) -> bool:
    """Whether the bytes from the jail are those of a value that will do.

    Raises:
        CanonicalError: they had to be read and are no canonical form.

    """
    if how is Relation.TRUE or how is Relation.FALSE:
        return (actual in _FALSE) is (how is Relation.FALSE)
    if isinstance(how, Compare) and actual == expected:
        return True
    if how == Compare() or len(actual) > _MOST_RATIO * len(expected) + _MOST_EXTRA:
        return False
    left, right = decode(actual), decode(expected)
    if isinstance(how, Compare):
        return _comparable(left, right, how)
    try:
        # Python's own operators, on values of the built-in types only.
        return left == right if how is Relation.EQUAL else _distance(left, right) < how.most
    except (ArithmeticError, TypeError):
        return False


def _distance(left: Any, right: Any) -> float:
    return float(abs(left - right))


def _comparable(left: object, right: object, compare: Compare) -> bool:
    if compare.unordered and isinstance(left, (list, tuple)) and type(left) is type(right):
        left, right = _sorted(left), _sorted(right)
    if compare.float_tolerance is None:
        return canonical(left) == canonical(right)
    return _near(left, right, compare.float_tolerance)


def _sorted(values: list[object] | tuple[object, ...]) -> list[object]:
    """In one order, numbers by size so that near ones meet."""
    return sorted(values, key=_rank)


def _rank(value: object) -> tuple[str, float, bytes]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return ("", float(value), b"")
        except OverflowError:
            return ("", math.copysign(math.inf, value), b"")
    return (type(value).__name__, 0.0, canonical(value))


def _near(left: object, right: object, tolerance: float) -> bool:
    """Equal but for numbers, which may differ by the tolerance, absolute or relative."""
    numbers = (int, float, complex)
    if isinstance(left, numbers) and isinstance(right, numbers):
        return _near_numbers(left, right, tolerance)
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(
            _near(*pair, tolerance) for pair in zip(left, right, strict=True)
        )
    if isinstance(left, dict) and isinstance(right, dict):
        return {canonical(key) for key in left} == {canonical(key) for key in right} and all(
            _near(held, right[key], tolerance) for key, held in left.items()
        )
    return canonical(left) == canonical(right)


def _near_numbers(
    left: int | float | complex, right: int | float | complex, tolerance: float
) -> bool:
    """Absolute or relative nearness; nan is near nan and nothing else; bool is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if left == right:
        return True
    try:
        if cmath.isnan(left) or cmath.isnan(right):
            return cmath.isnan(left) and cmath.isnan(right)
        return cmath.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # an int beyond every float
        return False
