"""Python values as messages: what a test's arguments and expected values may be."""

from collections.abc import Callable

from sandbox.jail.encode import MAX_DEPTH
from sandbox.v1 import sandbox_pb2 as pb


def to_message(value: object, depth: int = 0) -> pb.Value:
    """Return a value as a message.

    Raises:
        ValueError: a type that the wire does not carry, or too deep a nest.

    """
    if depth > MAX_DEPTH:
        raise ValueError(f"a value nested deeper than {MAX_DEPTH}")
    make = _WRITERS.get(type(value))
    if make is None:
        raise ValueError(f"a value of type {type(value).__name__} can't be sent")
    return make(value, depth)


def _integer(value: int, depth: int) -> pb.Value:
    if -(2**63) <= value < 2**63:
        return pb.Value(integer=value)
    return pb.Value(big_integer=f"{value:x}")


def _text(value: str, depth: int) -> pb.Value:
    try:
        return pb.Value(text=value)
    except ValueError:
        return pb.Value(surrogate_text=value.encode("utf-8", "surrogatepass"))


def _complex(value: complex, depth: int) -> pb.Value:
    return pb.Value(complex=pb.Complex(real=value.real, imaginary=value.imag))


def _sequence(value: object, depth: int) -> pb.Sequence:
    return pb.Sequence(items=[to_message(item, depth + 1) for item in value])  # type: ignore[attr-defined]


def _dict(value: dict[object, object], depth: int) -> pb.Value:
    mapping = pb.Mapping(
        keys=[to_message(key, depth + 1) for key in value],
        values=[to_message(held, depth + 1) for held in value.values()],
    )
    return pb.Value(dict=mapping)


_WRITERS: dict[type, Callable[..., pb.Value]] = {
    type(None): lambda value, depth: pb.Value(none=pb.Nothing()),
    bool: lambda value, depth: pb.Value(boolean=value),
    int: _integer,
    float: lambda value, depth: pb.Value(real=value),
    complex: _complex,
    str: _text,
    bytes: lambda value, depth: pb.Value(blob=value),
    list: lambda value, depth: pb.Value(list=_sequence(value, depth)),
    tuple: lambda value, depth: pb.Value(tuple=_sequence(value, depth)),
    set: lambda value, depth: pb.Value(set=_sequence(value, depth)),
    frozenset: lambda value, depth: pb.Value(frozenset=_sequence(value, depth)),
    dict: _dict,
}


def from_message(message: pb.Value) -> object:
    """Return the value of a message.

    Raises:
        ValueError: an empty message, or parts that fit no value.

    """
    kind = message.WhichOneof("kind")
    if kind is None:
        raise ValueError("a value without a kind")
    try:
        return _READERS[kind](message)
    except TypeError as error:  # an unhashable member or key
        raise ValueError(f"a {kind} that can't be: {error}") from error


def _items(sequence: pb.Sequence) -> list[object]:
    return [from_message(item) for item in sequence.items]


def _mapping(mapping: pb.Mapping) -> dict[object, object]:
    if len(mapping.keys) != len(mapping.values):
        raise ValueError("a dict with another number of keys than of values")
    return {
        from_message(key): from_message(held)
        for key, held in zip(mapping.keys, mapping.values, strict=True)
    }


_READERS: dict[str, Callable[[pb.Value], object]] = {
    "none": lambda message: None,
    "boolean": lambda message: message.boolean,
    "integer": lambda message: message.integer,
    "big_integer": lambda message: int(message.big_integer, 16),
    "real": lambda message: message.real,
    "complex": lambda message: complex(message.complex.real, message.complex.imaginary),
    "text": lambda message: message.text,
    "surrogate_text": lambda message: message.surrogate_text.decode("utf-8", "surrogatepass"),
    "blob": lambda message: message.blob,
    "list": lambda message: _items(message.list),
    "tuple": lambda message: tuple(_items(message.tuple)),
    "set": lambda message: set(_items(message.set)),
    "frozenset": lambda message: frozenset(_items(message.frozenset)),
    "dict": lambda message: _mapping(message.dict),
}
