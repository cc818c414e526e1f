import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.signature import SignatureError, Type, check, parse
from sandbox.types import Program, Signature, Test


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("int", 1, True),
        ("int", 2**80, 1.0),
        ("float", 1.5, 1),
        ("bool", False, 0),
        ("str", "a", b"a"),
        ("None", None, 0),
        ("int | None", None, "x"),
        ("int | str | None", "x", 1.5),
        ("list[int]", [1, 2], [1, "2"]),
        ("list[list[int]]", [[], [1]], [1]),
        ("list[int]", [], ()),
        ("tuple[int, str]", (1, "a"), (1, "a", 2)),
        ("tuple[int, ...]", (1, 2, 3), (1, "a")),
        ("dict[str, list[int]]", {"a": [1]}, {"a": ["b"]}),
        ("dict[tuple[int, int], bool]", {(1, 2): True}, {1: True}),
        ("set[int]", {1}, frozenset({1})),
        ("frozenset[str]", frozenset({"a"}), {"a"}),
    ],
)
def test_values_and_types(text, right, wrong):
    found = parse(text)
    assert str(found) == text
    assert found.holds(right)
    assert not found.holds(wrong)


@pytest.mark.parametrize(
    "text",
    ["", "object", "list", "list[int, int]", "dict[int]", "int()", "x.y", "tuple[int, ..., int]",
     "__import__('os')", "int | 3", "list[", "[" * 5000, "int " * 200, "set[...]"],
)  # fmt: skip
def test_texts_that_are_no_type(text):
    with pytest.raises(SignatureError, match="is no type"):
        parse(text)


types = st.recursive(
    st.sampled_from([Type(name) for name in ("int", "float", "bool", "str", "None")]),
    lambda inner: st.one_of(
        inner.map(lambda one: Type("list", (one,))),
        inner.map(lambda one: Type("tuple*", (one,))),
        st.tuples(inner, inner).map(lambda two: Type("dict", two)),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: Type("tuple", tuple(some))),
    ),
    max_leaves=6,
)


@given(types)
def test_types_read_back(written):
    assert parse(str(written)) == written


def program(signature: Signature | None) -> Program:
    return Program("p", "", "f", (Test((1, "a"), [1]), Test((2, "b"), [])), signature=signature)


def test_tests_of_the_declared_types():
    check(program(None))
    check(program(Signature(("int", "str"), "list[int]")))


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (Signature(("int",), "list[int]"), "test 0 has 2 arguments, the signature 1"),
        (Signature(("int", "int"), "list[int]"), "test 0, argument 1: 'a' is no int"),
        (Signature(("int", "str"), "list[str]"), r"test 0, expected value: \[1\] is no list"),
        (Signature(("int", "text"), "int"), "'text' is no type"),
    ],
)
def test_tests_of_other_types(signature, words):
    with pytest.raises(SignatureError, match=words):
        check(program(signature))
