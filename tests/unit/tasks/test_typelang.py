"""The type language: parse and print, match, infer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import typelang
from tasks.typelang import ValueType
from tests.unit.tasks.test_values import anything

leaves = st.sampled_from(["int", "bool", "float", "str", "bytes", "None", "Any"]).map(ValueType)


def _containers(inner):
    one = inner.map(lambda part: (part,))
    return (
        st.builds(ValueType, st.sampled_from(["list", "set"]), one)
        | st.builds(ValueType, st.just("dict"), st.tuples(inner, inner))
        | st.builds(ValueType, st.just("tuple"), st.lists(inner, max_size=3).map(tuple))
        | st.builds(ValueType, st.just("tuple"), one, st.just(True))
        | inner.map(typelang.optional)
    )


types = st.recursive(leaves, _containers, max_leaves=6)


@given(types)
def test_a_type_is_read_back_from_its_text(wanted):
    assert typelang.parse(str(wanted)) == wanted


@given(anything)
def test_a_value_has_its_inferred_type(value):
    assert typelang.matches(value, typelang.infer([value]))


@given(st.lists(anything, min_size=1, max_size=4))
def test_all_values_have_the_type_inferred_from_them(several):
    found = typelang.infer(several)
    assert all(typelang.matches(value, found) for value in several)
    assert typelang.parse(str(found)) == found


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1, 2], "int"),
        ([1, 2.5], "float"),
        ([True, 1], "Any"),
        ([None, "a"], "str | None"),
        ([None], "None"),
        ([], "Any"),
        ([[]], "list[Any]"),
        ([[], [1]], "list[int]"),
        ([(1, "a"), (2, "b")], "tuple[int, str]"),
        ([(1, 2), (3,)], "tuple[int, ...]"),
        ([()], "tuple[()]"),
        ([{"a": [1]}, {}], "dict[str, list[int]]"),
        ([{1}, {2.0}], "set[float]"),
        ([b"x"], "bytes"),
    ],
)
def test_inferred_types(values, wanted):
    assert str(typelang.infer(values)) == wanted


@pytest.mark.parametrize(
    ("value", "text", "fits"),
    [
        (1, "float", True),
        (True, "float", False),
        (True, "int", False),
        (1, "bool", False),
        (1.0, "int", False),
        (None, "int | None", True),
        (None, "None | int", True),
        ("a", "int | None", False),
        ([1, "a"], "list[int]", False),
        ((1, 2), "list[int]", False),
        ((1, 2, 3), "tuple[int, ...]", True),
        ((1, 2, 3), "tuple[int, int]", False),
        ({1: "a"}, "dict[int, str]", True),
        ({1: 2}, "dict[int, str]", False),
        (object, "Any", True),
    ],
)
def test_matching(value, text, fits):
    assert typelang.matches(value, typelang.parse(text)) is fits


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("integer", "unknown type 'integer'"),
        ("list", "list needs the types of its items"),
        ("list[int, str]", r"list takes 1 type\(s\), got 2"),
        ("dict[int]", r"dict takes 2 type\(s\), got 1"),
        ("int | str", "unknown type"),
        ("int[str]", "unknown type"),
        ("list[", "not a type"),
        ("", "not a type"),
        ("f(x)", "unknown type"),
    ],
)
def test_what_is_no_type_is_refused_by_name(text, reason):
    with pytest.raises(ValueError, match=reason):
        typelang.parse(text)
