import ast

import pytest

from sandbox.asserts import AssertsError, Call, Statements, rewrite
from sandbox.canonical import Near, Relation


@pytest.mark.parametrize(
    ("code", "args", "expected", "how"),
    [
        ("assert f(1, [2]) == 3", (1, [2]), 3, Relation.EQUAL),
        ("assert f(1) == (1, {'a': {2}})", (1,), (1, {"a": {2}}), Relation.EQUAL),
        ("assert 3 == f()", (), 3, Relation.EQUAL),
        ("assert f(-1) == -2.5, 'message'", (-1,), -2.5, Relation.EQUAL),
        ("assert f('a') is None", ("a",), None, Relation.EQUAL),
        ("assert f('a') is True", ("a",), True, Relation.EQUAL),
        ("assert f(3 * 19 + 1) == 2 ** 10", (58,), 1024, Relation.EQUAL),
        ("assert f('a' + 'b') == [1.0 / 4]", ("ab",), [0.25], Relation.EQUAL),
        ("assert f(2) == 1 - 2j", (2,), 1 - 2j, Relation.EQUAL),
        ("assert f(2)", (2,), True, Relation.TRUE),
        ("assert not f(2)", (2,), False, Relation.FALSE),
        ("assert abs(f(2) - 0.5) < 1e-6", (2,), 0.5, Near(1e-6)),
    ],
)
def test_rewritten(code, args, expected, how):
    [call] = rewrite(code, "f")
    assert call == Call(args, expected, how)


@pytest.mark.parametrize(
    "code",
    [
        "assert f(x) == 3",
        "assert f(1) == g(2)",
        "assert g(f(1)) == 2",
        "assert f(1) != 2",
        "assert f(1) < 2",
        "assert f(1) == 2 == 2",
        "assert f(n=1) == 2",
        "assert f(*[1]) == 2",
        "assert f(1) is 'a' + 'b'",
        "assert f(1) and f(2)",
        "assert abs(f(1) - 2) <= 1",
        "assert abs(1 - f(1)) < 1",
        "assert f(10 ** 100) == 1",
        "assert f('a' * 10 ** 18) == 1",
        "assert f([0] * 3) == 1",
        "assert f(1 / 0) == 1",
        "assert m.f(1) == 2",
        "for i in range(3):\n    assert f(i) == i",
        "def test():\n    assert f(1) == 2\ntest()",
    ],
)
def test_left_inside(code):
    made = rewrite(code, "f")
    assert made
    assert all(isinstance(item, Statements) for item in made)


def source(item: Call | Statements) -> str:
    assert isinstance(item, Statements)
    return item.source


def test_what_stays_inside_takes_what_stands_before_it():
    made = rewrite(
        "import math\nassert f(1) == 2\nx = math.pi\nassert f(x) == 3\nassert f(2) == 4", "f"
    )
    assert [type(item) for item in made] == [Call, Statements, Call]
    assert source(made[1]) == "import math\nx = math.pi\nassert f(x) == 3"


@pytest.mark.parametrize("end", ["test()", "for n in [1]: test()", "x = 1\ntest()", "T = test()"])
def test_asserts_in_a_function_run_where_it_is_called(end):
    made = rewrite(f"assert f(1) == 2\ndef test():\n    assert f(1) == 3\n{end}", "f")
    assert [type(item) for item in made] == [Call, Statements]
    assert source(made[1]).endswith(ast.unparse(ast.parse(end)))


@pytest.mark.parametrize(
    "code",
    [
        "def test():\n    assert f(1) == 2",
        "class T:\n    def test(self):\n        assert f(1) == 2\nclass U: pass",
        "assert f(1) == 2\ndef test():\n    assert f(1) == 3",
    ],
)
def test_asserts_in_a_function_that_nobody_calls(code):
    with pytest.raises(AssertsError, match="calls none"):
        rewrite(code, "f")


def test_asserts_in_a_function_that_an_assert_calls():
    made = rewrite("def same(x):\n    assert x\n    return x\nassert same(f(2)) == 4", "f")
    assert source(made[0]).endswith("assert same(f(2)) == 4")


def test_humaneval_check_is_taken_apart():
    code = """
METADATA = {'author': 'x'}

def check(candidate):
    assert candidate(1) == 2
    assert True, "good for debugging"
    for i in range(3):
        assert candidate(i) == i + 1

check(f)
"""
    made = rewrite(code, "f")
    assert made[0] == Call((1,), 2, Relation.EQUAL)
    assert "f(i) == i + 1" in source(made[1])
    assert "candidate" not in source(made[1])
    assert len(made) == 2


@pytest.mark.parametrize(
    "code", ["x = ", "x = 1", "assert True", "", "\0", "(" * 1000, "assert " + "-" * 5000 + "x"]
)
def test_code_that_tests_nothing(code):
    with pytest.raises(AssertsError):
        rewrite(code, "f")


def test_a_name_that_only_looks_like_the_entry_point():
    [made] = rewrite("assert ff(1) == 2", "f")
    assert isinstance(made, Statements)
