import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.canonical import CanonicalError, Near, Relation, canonical, decode, matches
from sandbox.jail.encode import MAX_DEPTH, EncodeError, TooLargeError, encode
from sandbox.types import Compare

texts = st.text(st.characters(exclude_categories=()), max_size=8)
hashable = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | texts
    | st.binary(max_size=8),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
values = st.recursive(
    hashable | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.sets(hashable, max_size=4)
        | st.dictionaries(hashable, inner, max_size=3)
    ),
    max_leaves=12,
)


def alike(left: Any, right: Any) -> bool:
    """Equality that tells types apart, written down a second time, without bytes."""
    kinds = [frozenset if isinstance(item, set) else type(item) for item in (left, right)]
    if kinds[0] is not kinds[1]:
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, (set, frozenset)):
        return len(left) == len(right) and all(any(alike(a, b) for b in right) for a in left)
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            any(alike(a, b) and alike(x, y) for b, y in right.items()) for a, x in left.items()
        )
    return bool(left == right)


@given(values)
def test_reading_gives_the_value_back(value):
    assert alike(decode(canonical(value)), value)


@given(values, values)
def test_bytes_are_equal_exactly_when_values_are(left, right):
    assert (canonical(left) == canonical(right)) is alike(left, right)


@given(st.binary(max_size=40))
def test_reader_takes_only_what_the_encoder_writes(data):
    try:
        value = decode(data)
    except CanonicalError:
        return
    assert canonical(value) == data


@given(values, st.data())
def test_changed_bytes_are_refused_or_are_another_value(value, data):
    raw = bytearray(canonical(value))
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] = data.draw(st.integers(0, 255))
    try:
        other = decode(bytes(raw))
    except CanonicalError:
        return
    assert canonical(other) == raw


@pytest.mark.parametrize(
    "data",
    [
        b"", b"X", b"NN", b"i;", b"i00;", b"i-0;", b"i+1;", b"iA;", b"i1", b"f1;", b"f1.50;",
        b"f1e5;", b"fNaN;", b"f-0.0;", b"s2:a", b"s01:a", b"s-1:", b"s1:\xff", b"l2:N", b"l1:NN",
        b"l999999999:", b"S2:TF", b"S2:NN", b"S1:l0:", b"d1:N", b"d2:NNNN", b"d1:l0:N", b"c1.0;",
        b"\x80\x04K\x04.", b"\xe9\x04\x00\x00\x00", b'{"a": 1}', b"l1:" * 100_000,
        b"t1:" * (MAX_DEPTH + 2) + b"N",
    ],
)  # fmt: skip
def test_bytes_that_are_refused(data):
    with pytest.raises(CanonicalError):
        decode(data)


def test_bool_int_and_float_differ_but_zeros_do_not():
    assert len({canonical(value) for value in (1, True, 1.0, "1", b"1")}) == 5
    assert canonical(0.0) == canonical(-0.0)


def test_subclasses_are_their_base_value():
    class Number(int):
        def __index__(self):
            return 7

        __int__ = __index__

        def __eq__(self, other):
            return True

        __hash__ = int.__hash__

        def __repr__(self):
            return "9"

    assert canonical(Number(5)) == canonical(5)


def test_cycles_and_deep_nests_are_refused():
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(EncodeError):
        canonical(cycle)
    deep: object = 1
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert decode(canonical(deep)) == deep
    with pytest.raises(EncodeError):
        canonical([deep])


@pytest.mark.parametrize("value", [object(), range(3), bytearray(b"x"), iter([]), len, ...])
def test_types_without_a_form(value):
    with pytest.raises(EncodeError, match=type(value).__name__):
        canonical(value)


@pytest.mark.parametrize(
    "value", ["x" * 101, b"x" * 101, 1 << 401, [0] * 101, ["xx"] * 25, {1: "x" * 100}]
)
def test_limit(value):
    with pytest.raises(TooLargeError):
        encode(value, 100)


@given(values, st.integers(0, 60))
def test_never_more_than_the_limit(value, limit):
    try:
        assert len(encode(value, limit)) <= limit
    except TooLargeError:
        assert len(canonical(value)) > limit


def judged(actual, expected, how) -> bool:
    return matches(canonical(actual), canonical(expected), how)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_tolerance_takes_the_next_float(value):
    after = math.nextafter(value, 0.0)
    assert judged([after], [value], Compare(float_tolerance=1e-6))
    assert judged(after, value, Compare()) is (after == value)


@pytest.mark.parametrize(
    ("actual", "expected", "tolerance", "near"),
    [
        (1.0, 1, 0.0, True),
        (True, 1, 0.1, False),
        (1, True, 0.1, False),
        (1.05, 1, 0.1, True),
        (1.2, 1, 0.1, False),
        (1000.5, 1000, 1e-3, True),
        (float("nan"), 1.0, 1e9, False),
        (1.0, float("nan"), 1e9, False),
        (float("nan"), float("nan"), 0.1, True),
        (float("inf"), 1e300, 0.1, False),
        (float("inf"), float("inf"), 0.1, True),
        (10**400, 1.0, 0.1, False),
        (10**400, 10**400, 0.1, True),
        (1 + 1e-9j, 1, 1e-6, True),
        ("1", 1, 10.0, False),
        ([1.0], (1.0,), 0.1, False),
        ({"a": 1.0001}, {"a": 1}, 1e-3, True),
        ({"a": 1.0}, {"b": 1.0}, 0.1, False),
        ([1.0], [1.0, 2.0], 0.1, False),
    ],
)
def test_tolerance(actual, expected, tolerance, near):
    assert judged(actual, expected, Compare(float_tolerance=tolerance)) is near


@given(st.lists(values, max_size=5), st.randoms())
def test_unordered_takes_any_order_and_nothing_else(items, random):
    mixed = items[:]
    random.shuffle(mixed)
    how = Compare(unordered=True)
    assert judged(mixed, items, how)
    assert judged(tuple(mixed), tuple(items), how)
    assert not judged([*mixed, None], items, how)
    assert not judged(tuple(mixed), items, how)


def test_unordered_with_tolerance_pairs_the_nearest():
    how = Compare(float_tolerance=0.01, unordered=True)
    assert judged([3.001, 1, "a", 2.0], ["a", 1.001, 2, 3], how)
    assert not judged([3.1, 1, "a", 2.0], ["a", 1.001, 2, 3], how)


def test_python_relations():
    assert judged(1.0, 1, Relation.EQUAL)
    assert judged(0, False, Relation.EQUAL)
    assert not judged([1], (1,), Relation.EQUAL)
    assert not judged(float("nan"), float("nan"), Relation.EQUAL)
    assert judged([0], True, Relation.TRUE)
    assert not judged([], True, Relation.TRUE)
    assert judged("", False, Relation.FALSE)
    assert judged(1.0000001, 1, Near(1e-6))
    assert not judged(float("nan"), 1, Near(1e-6))
    assert not judged("1", 1, Near(1e-6))


hows = st.sampled_from(
    [
        *Relation,
        Near(0.5),
        Near(float("nan")),
        Compare(0.5),
        Compare(0.0, True),
        Compare(None, True),
    ]
)


@given(values, values, hows)
def test_comparing_never_breaks(actual, expected, how):
    assert judged(actual, expected, how) in (True, False)


@given(values)
def test_truth_is_pythons(value):
    assert judged(value, True, Relation.TRUE) is bool(value)
    assert judged(value, False, Relation.FALSE) is not bool(value)


@given(values, values)
def test_equality_is_pythons(left, right):
    assert judged(left, right, Relation.EQUAL) is bool(left == right)
    assert judged(left, left, Relation.EQUAL) is bool(left == left)


@pytest.mark.parametrize("size", [0, 1, 40])
def test_equal_values_of_other_lengths_are_read(size):
    for left in (1 + 0j, 1.0, 1, True):
        for right in (1 + 0j, 1.0, 1, True):
            assert judged([left] * size, [right] * size, Relation.EQUAL)
    assert judged([2**1023] * size, [float(2**1023)] * size, Relation.EQUAL)
    assert judged([float(2**1023)] * size, [2**1023] * size, Compare(float_tolerance=0.0))


def test_what_is_far_too_long_is_not_read():
    assert not matches(b"l1:" + b"junk" * 1000, b"l1:N", Relation.EQUAL)


def test_forged_bytes_are_an_error_where_they_must_be_read():
    for how in (Compare(float_tolerance=0.1), Relation.EQUAL, Near(0.1)):
        with pytest.raises(CanonicalError):
            matches(b"i4", b"i4;", how)
    assert not matches(b"i4", b"i4;", Compare())
