"""The encoder in C against the one in Python: the same bytes, the same refusals."""

import math
from collections import Counter, OrderedDict, defaultdict, namedtuple
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.jail.encode import MAX_DEPTH, EncodeError, TooLargeError, encode

loop = pytest.importorskip("sandbox.jail._loop", reason="the extension module is not built")

LIMIT = 1 << 20
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers().map(lambda number: number**5)
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.text(st.characters(codec="utf-8", categories=["Lu", "Cs"]))
    | st.binary()
)
KEYS = LEAVES | st.tuples(LEAVES, LEAVES) | st.frozensets(LEAVES, max_size=4)
VALUES = st.recursive(
    LEAVES | st.sets(KEYS, max_size=5) | st.frozensets(KEYS, max_size=5),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=5)
    ),
    max_leaves=10,
)


def in_python(value: object, limit: int) -> object:
    try:
        return encode(value, limit)
    except TooLargeError:
        return None
    except EncodeError as error:
        return str(error)


def in_c(value: object, limit: int) -> object:
    try:
        return loop.encode(value, limit)
    except ValueError as error:
        return str(error).removeprefix("the entry point returned ")


@given(VALUES)
def test_same_bytes(value):
    assert in_c(value, LIMIT) == in_python(value, LIMIT)


@given(VALUES, st.integers(0, 60))
def test_same_limit(value, limit):
    assert in_c(value, limit) == in_python(value, limit)


@pytest.mark.parametrize(
    "value",
    [2**63, -(2**63), 2**63 - 1, -(2**64), 16**3000, 0, -1, 0.0, -0.0, math.inf, -math.inf,
     math.nan, 5e-324, 1e300, 0.1, 1e16, 123456789.0, -0j,
     "\ud800", "ß", "\0", b"\0", [], (), set(), {},
     {1: 2, "1": 2, 1.5: [3]}, {b"b", b"ab", b"", b"a"}, [[[[[]]]]]],
)  # fmt: skip
def test_edges(value):
    assert in_c(value, LIMIT) == in_python(value, LIMIT)
    assert isinstance(in_c(value, LIMIT), bytes)


class Liar(list):  # type: ignore[type-arg]
    def __len__(self):
        return 1

    def __iter__(self):
        raise AssertionError


class Colour(IntEnum):
    RED = 7


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Liar([1, 2]), [1, 2]),
        (Colour.RED, 7),
        (Point(1, 2), (1, 2)),
        (OrderedDict(b=1, a=2), {"a": 2, "b": 1}),
        (defaultdict(list, {1: [2]}), {1: [2]}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (type("Text", (str,), {"__len__": lambda self: 0})("abc"), "abc"),
        (type("Number", (float,), {"__repr__": lambda self: "1.0"})(2.5), 2.5),
        (type("Number", (complex,), {"real": 5})(1j), 1j),
        (type("Members", (set,), {"__iter__": lambda self: iter(())})({1}), {1}),
        (type("Pairs", (dict,), {"items": lambda self: ()})({1: 2}), {1: 2}),
    ],
)
def test_derived_classes_count_by_what_they_hold(value, plain):
    assert in_c(value, LIMIT) == in_python(value, LIMIT) == encode(plain, LIMIT)


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [object(), range(3), bytearray(b"a"), [1, {2: len}], nested(MAX_DEPTH + 1)]
)
def test_no_form(value):
    assert in_c(value, LIMIT) == in_python(value, LIMIT)
    assert isinstance(in_c(value, LIMIT), str)


def test_deepest():
    assert in_c(nested(MAX_DEPTH), LIMIT) == in_python(nested(MAX_DEPTH), LIMIT)


def test_cycle():
    value: list[object] = []
    value.append(value)
    assert "in itself" in str(in_c(value, LIMIT))
    assert in_c(value, LIMIT) == in_python(value, LIMIT)


@pytest.mark.parametrize("value", ["x" * 100, b"x" * 100, 16**200, [1] * 100, {*range(100)}])
def test_too_large(value):
    assert in_c(value, 99) is None
    assert in_python(value, 99) is None
