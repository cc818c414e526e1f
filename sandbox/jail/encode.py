"""The canonical form of a value: equal values have equal bytes, different values different bytes.

    N none · T F bool · i<hex>; int · f<repr>; float · c<repr>,<repr>; complex
    s<n>:<utf-8> str · b<n>:<raw> bytes
    l<n>:… list · t<n>:… tuple · S<n>:… set or frozenset, sorted · d<n>:<key><value>… dict, sorted

bool is not int, int is not float, list is not tuple; 0.0 is -0.0 (as Python's == has it). The jail
and the trusted side share this encoder; it decides nothing inside the jail, where a program may
break it, because whatever comes out is only compared with bytes that the jail never sees.
"""

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
    elif isinstance(value, (list, tuple, set, frozenset, dict)):
        return _encode_container(value, parts, room, depth + 1)
    elif isinstance(value, complex):
        data = b"c%s,%s;" % (_float(value.real), _float(value.imag))
    else:
        raise EncodeError(f"a value of type {type(value).__name__}")
    room -= len(data)
    if room < 0:
        raise TooLargeError
    parts.append(data)
    return room


def _encode_container(
    value: list[object]
    | tuple[object, ...]
    | set[object]
    | frozenset[object]
    | dict[object, object],
    parts: list[bytes],
    room: int,
    depth: int,
) -> int:
    """Append the bytes of a container and what it holds; returns the room left."""
    if len(value) > room:
        raise TooLargeError
    if isinstance(value, (list, tuple)):
        head = b"l" if isinstance(value, list) else b"t"
        parts.append(b"%s%d:" % (head, len(value)))
        room -= len(parts[-1])
        for item in value:
            room = _encode(item, parts, room, depth)
        return room
    if isinstance(value, dict):
        items = []
        for key, held in value.items():
            pair: list[bytes] = []
            room = _encode(key, pair, room, depth)
            room = _encode(held, pair, room, depth)
            items.append(b"".join(pair))
        head = b"d%d:" % len(items)
    else:
        items = []
        for item in value:
            one: list[bytes] = []
            room = _encode(item, one, room, depth)
            items.append(b"".join(one))
        head = b"S%d:" % len(items)
    items.sort()
    parts.append(head)
    parts.extend(items)
    return room - len(head)


def _float(value: float) -> bytes:
    """Shortest text that reads back as the same float; one zero, one nan."""
    return float.__repr__(float.__add__(value, 0.0)).encode()
