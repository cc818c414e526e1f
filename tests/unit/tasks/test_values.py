"""Values in JSON: exact both ways."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import values

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=8)
)
hashables = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.sets(hashables, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.just("$py"), inner, max_size=4)
        | st.dictionaries(hashables, inner, max_size=4)
    ),
    max_leaves=12,
)


def same(left: object, right: object) -> bool:
    """Equality that tells 1 from True and 1.0, -0.0 from 0.0, and finds NaN equal to itself."""
    return values.literal(left) == values.literal(right)


@given(anything)
def test_json_gives_back_the_same_value(value):
    text = json.dumps(values.to_json(value), allow_nan=False)
    assert same(values.from_json(json.loads(text)), value)


@given(anything)
def test_a_literal_is_read_back(value):
    assert same(values.read_literal(values.literal(value)), value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_what_json_carries_exactly_is_plain_json(value):
    assert values.to_json(value) == value


def test_the_documented_form():
    assert values.to_json((1, 2)) == {"$py": "(1, 2)"}
    assert values.from_json({"$py": "(1, 2)"}) == (1, 2)
    assert values.from_json([{"$py": "b'x'"}, {"a": {"$py": "{3}"}}]) == [b"x", {"a": {3}}]
    assert values.to_json({1: "a"}) == {"$py": "{1: 'a'}"}
    assert values.to_json(set()) == {"$py": "set()"}


def test_a_set_is_written_in_one_order():
    assert values.literal({"b", "a", "c"}) == "{'a', 'b', 'c'}"


@pytest.mark.parametrize(
    ("text", "wanted"), [("nan", math.nan), ("-inf", -math.inf), ("[inf]", [math.inf])]
)
def test_floats_without_a_literal_have_names(text, wanted):
    assert same(values.read_literal(text), wanted)


@pytest.mark.parametrize(
    "bad",
    [
        {"$py": "f(1)"},
        {"$py": "1 +"},
        {"$py": "__import__('os')"},
        {"$py": "x"},
        {"$py": "(" * 300},
        {"$py": 3},
        {"$py": "1", "other": 2},
    ],
)
def test_anything_but_a_literal_is_refused(bad):
    with pytest.raises(ValueError, match=r"not a Python literal|no other key"):
        values.from_json(bad)


def test_a_value_without_a_literal_is_refused():
    with pytest.raises(ValueError, match="object has no Python literal"):
        values.to_json([object()])
