"""Assert statements read into calls."""

import ast

import pytest

from tasks import Example, Signature
from tasks.adapters import asserts, signatures
from tasks.schema import Param


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("assert f(1, [2]) == 3", asserts.Pair("f", Example((1, [2]), 3))),
        ("assert f((1, -2)) == {'a': {1}}", asserts.Pair("f", Example(((1, -2),), {"a": {1}}))),
        ("assert (f() == None)", asserts.Pair("f", Example((), None))),
        ("assert f(1) is True", asserts.Pair("f", Example((1,), True))),
        ("assert f(1)", None),
        ("assert not f(1)", None),
        (
            "assert math.isclose(f(1), 0.5, rel_tol=0.001)",
            asserts.Pair("f", Example((1,), 0.5), 0.001),
        ),
        ("assert abs(f(1.5) - 0.5) < 1e-6", asserts.Pair("f", Example((1.5,), 0.5), 1e-6)),
        ("assert f(1) == 1, 'message'", None),
        ("assert f(x) == 1", None),
        ("assert f(1) == g(1)", None),
        ("assert f(n=1) == 1", None),
        ("assert set(f(1)) == {1}", None),
        ("assert f(1) != 1", None),
        ("assert 1 < f(1) < 3", None),
        ("assert m.f(1) == 1", None),
        ("f(1) == 1", None),
        ("assert f(1) ==", None),
        ("x = 1; assert f(1) == 1", None),
    ],
)
def test_an_assert_is_read_or_left(source, wanted):
    assert asserts.read(source) == wanted


def signature(source: str, *calls: Example) -> Signature | None:
    function = asserts.parse(source)[0]
    assert isinstance(function, ast.FunctionDef)
    return signatures.infer(function, calls)


def test_types_come_from_values_where_there_are_no_annotations():
    found = signature("def f(a, b): pass", Example((1, "x"), [1]), Example((2.5, None), []))
    assert found == Signature((Param("a", "float"), Param("b", "str | None")), "list[int]")


def test_annotations_count_where_all_values_fit_them():
    source = "def f(a: List[float], b: Optional[int], c: Deque) -> int: pass"
    calls = (Example(([1], None, 1), 2.5),)
    wanted = (Param("a", "list[float]"), Param("b", "int | None"), Param("c", "int"))
    assert signature(source, *calls) == Signature(wanted, "float")


def test_defaults_that_no_call_gives_are_left_out():
    found = signature("def f(a, b=1): pass", Example((1,), 1))
    assert found == Signature((Param("a", "int"),), "int")


def test_calls_of_different_lengths_have_no_signature():
    assert signature("def f(a, b=1): pass", Example((1,), 1), Example((1, 2), 1)) is None
    assert signature("def f(*a): pass", Example((1,), 1)) is None
    assert signature("def f(a): pass", Example((1, 2), 1)) is None
