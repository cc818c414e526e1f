"""The canonical form of a value: equal values have equal bytes, different values different bytes.

    N none · T F bool · i<hex>; int · f<repr>; float · c<repr>,<repr>; complex
    s<n>:<utf-8> str · b<n>:<raw> bytes
    l<n>:… list · t<n>:… tuple · S<n>:… set or frozenset, sorted · d<n>:<key><value>… dict, sorted

bool is not int, int is not float, list is not tuple; 0.0 is -0.0 (as Python's == has it). Of an
object of a derived class counts what it holds, not what its methods say. The jail and the trusted
side share this encoder; it decides nothing inside the jail, where a program may break it, because
whatever comes out is only compared with bytes that the jail never sees.
"""

from typing import Any

MAX_DEPTH = 40
"""Containers within containers."""


class EncodeError(ValueError):
    """A value without a canonical form."""


class TooLargeError(ValueError):
    """A value whose canonical form is over the limit."""


def encode(value: object, limit: int) -> bytes:
    """Canonical bytes of a value, at most `limit` of them.

    Raises:
        EncodeError: for a type without a canonical form, a cycle, or too deep a nest.
        TooLargeError: over the limit.

    """
    parts: list[bytes] = []
    if _encode(value, parts, limit, 0) < 0:
        raise TooLargeError
    return b"".join(parts)


def _encode(value: object, parts: list[bytes], room: int, depth: int) -> int:  # noqa: C901
    """Append the bytes of one value; returns the room left."""
    if depth > MAX_DEPTH:
        raise EncodeError(f"a value nested deeper than {MAX_DEPTH} (or in itself)")
    if value is None:
        data = b"N"
    elif value is True:
        data = b"T"
    elif value is False:
        data = b"F"
    elif isinstance(value, int):
        if int.bit_length(value) > 4 * room:
            raise TooLargeError
        data = b"i%x;" % int.__index__(value)
    elif isinstance(value, float):
        data = b"f%s;" % _float(value)
    elif isinstance(value, str):
        if str.__len__(value) > room:
            raise TooLargeError
        raw = str.encode(value, "utf-8", "surrogatepass")
        data = b"s%d:%s" % (len(raw), raw)
    elif isinstance(value, bytes):
        if bytes.__len__(value) > room:
            raise TooLargeError
        data = b"b%d:%s" % (bytes.__len__(value), value)
    elif isinstance(value, (list, tuple)):
        kind = list if isinstance(value, list) else tuple
        return _encode_sequence(kind, value, parts, room, depth + 1)
    elif isinstance(value, (set, frozenset, dict)):
        return _encode_unordered(value, parts, room, depth + 1)
    elif isinstance(value, complex):
        plain = complex.__pos__(value)
        data = b"c%s,%s;" % (_float(plain.real), _float(plain.imag))
    else:
        raise EncodeError(f"a value of type {type(value).__name__}")
    room -= len(data)
    if room < 0:
        raise TooLargeError
    parts.append(data)
    return room


def _encode_sequence(kind: Any, value: Any, parts: list[bytes], room: int, depth: int) -> int:
    """Append the bytes of a list or a tuple, whichever `kind` is; returns the room left."""
    length = kind.__len__(value)
    if length > room:
        raise TooLargeError
    parts.append(b"%s%d:" % (b"l" if kind is list else b"t", length))
    room -= len(parts[-1])
    for item in kind.__iter__(value):
        room = _encode(item, parts, room, depth)
    return room


def _encode_unordered(value: Any, parts: list[bytes], room: int, depth: int) -> int:
    """Append the bytes of a dict or a set in the order of its members; returns the room left."""
    kind: Any = next(kind for kind in (dict, set, frozenset) if isinstance(value, kind))
    length = kind.__len__(value)
    if length > room:
        raise TooLargeError
    parts.append(b"%s%d:" % (b"d" if kind is dict else b"S", length))
    room -= len(parts[-1])
    items = []
    for member in dict.items(value) if kind is dict else zip(kind.__iter__(value)):
        one: list[bytes] = []
        for item in member:
            room = _encode(item, one, room, depth)
        items.append(b"".join(one))
    parts.extend(sorted(items))
    return room


def _float(value: float) -> bytes:
    """Shortest text that reads back as the same float; one zero, one nan."""
    return float.__repr__(float.__add__(value, 0.0)).encode()
