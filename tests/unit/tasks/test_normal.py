"""The normal form joins what differs in names only, and nothing else."""

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.normal import normal_form

BASE = """
def f(n):
    total = 0
    for i in range(n):
        total += i
    return total
"""

SAME = [
    (BASE, BASE.replace("total", "acc").replace("i ", "k ").replace("+= i", "+= k")),
    (BASE, BASE.replace("def f(n)", "def g(m)").replace("range(n)", "range(m)")),
    (BASE, BASE.replace("def f(n)", "def f(n: int) -> int")),
    (BASE, BASE.replace("total = 0", "total: int = 0")),
    (BASE, BASE.replace("    total = 0", '    """Sums."""\n    total = 0')),
    (BASE, '"""A module."""' + BASE),
    (BASE, BASE.replace("total += i", "total += i  # a comment")),
    # Names count by scope: the inner i is another one than the outer.
    (
        "def f(i):\n    return sum(i for i in range(3)) + i",
        "def f(a):\n    return sum(b for b in range(3)) + a",
    ),
    ("def f(x):\n    return (lambda x: x)(x)", "def f(x):\n    return (lambda y: y)(x)"),
    (
        "def f(x):\n    def g(y):\n        return x + y\n    return g(1)",
        "def a(b):\n    def c(b2):\n        return b + b2\n    return c(1)",
    ),
    (
        "def f():\n    try:\n        pass\n    except ValueError as e:\n        raise e",
        "def f():\n    try:\n        pass\n    except ValueError as error:\n        raise error",
    ),
    (
        "def f(x):\n    match x:\n        case [a, *b]:\n            return b",
        "def f(x):\n    match x:\n        case [c, *d]:\n            return d",
    ),
]

DIFFERENT = [
    (BASE, BASE.replace("total = 0", "total = 1")),
    (BASE, BASE.replace("total = 0", "total = 0.0")),
    (BASE, BASE.replace("total = 0", "total = False")),
    (BASE, BASE.replace("+=", "-=")),
    (BASE, BASE.replace("range(n)", "range(1, n)")),
    (BASE, BASE.replace("range(n)", "reversed(n)")),
    (BASE, BASE.replace("return total", "return i")),
    (BASE, BASE.replace("    return total", "        return total")),
    ("def f(x, y):\n    return x - y", "def f(x, y):\n    return y - x"),
    ("def f(x):\n    return x.real", "def f(x):\n    return x.imag"),
    ("def f(x):\n    return g(x, a=1)", "def f(x):\n    return g(x, b=1)"),
    ("def f(x):\n    return 'x'", "def f(x):\n    return x"),
    ("def f(x):\n    return 'a'", "def f(x):\n    return b'a'"),
    ("def f(x):\n    global y\n    y = x", "def f(x):\n    y = x"),
    ("def f(x):\n    return y", "def f(x):\n    return z"),
    ("def f(a, *, b):\n    return a", "def f(a, b):\n    return a"),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_names_docstrings_and_types_do_not_count(left, right):
    assert normal_form(left) == normal_form(right)


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_anything_else_counts(left, right):
    assert normal_form(left) != normal_form(right)


plain = st.from_regex(r"[a-z]{1,5}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name) and name not in {"range"}
)


@given(st.lists(plain, min_size=4, max_size=4, unique=True))
def test_any_renaming_has_the_same_normal_form(chosen):
    renamed = (
        "def {0}({1}):\n    {2} = 0\n    for {3} in range({1}):\n        {2} += {3}\n    return {2}"
    )
    assert normal_form(renamed.format(*chosen)) == normal_form(BASE)


def test_the_source_must_be_python():
    with pytest.raises(SyntaxError):
        normal_form("def f(:")
