# ruff: noqa: E501 (one program a line)
import ast
import warnings

import pytest

from policy.grammar import CodecError, Names, Root, codec
from policy.grammar.normalise import normalise

FILE = '''
"""What the file does."""
import math
import os
import numpy as np
LIMIT: int = 3

def unused(x):
    return x

@staticmethod
def helper(values, power):
    """Sum of powers."""
    total: float = 0
    for value in values:
        total += value ** power
    return total

def solve(data: list[int], n=2) -> int:
    return 1

def solve(data, n):
    """Doc."""
    best: int
    count = [x for x in data if x > n and x < LIMIT * 100]
    squares = {x: x for x in count}
    best = max((len(str(x)) for x in count), key=lambda y: -y, default=0)
    def inner(z):
        return z + later
    later = helper(count, 2)
    for i, x in enumerate(data):
        try:
            total = squares[x]
        except KeyError as error:
            total = str(error)
    return inner(math.sqrt(best)), os.sep, total

print(solve([1], 2))
'''


def run(tree: ast.Module, *args: object) -> object:
    space: dict[str, object] = {"staticmethod": lambda function: function}
    exec(compile(ast.unparse(tree), "<program>", "exec"), space)
    solve = space["solve"]
    assert callable(solve)
    return solve(*args)


def normal(source: str, params: tuple[str, ...] | None = None) -> str:
    return ast.unparse(normalise(ast.parse(source), "solve", params))


def test_a_file_becomes_the_entry_function_and_computes_the_same() -> None:
    tree = ast.parse(FILE.replace("import numpy as np", ""))
    found = normalise(tree, "solve", ("xs", "k"))
    assert ast.dump(tree) == ast.dump(ast.parse(FILE.replace("import numpy as np", "")))
    (function,) = found.body
    assert isinstance(function, ast.FunctionDef)
    assert [a.arg for a in function.args.args] == ["xs", "k"]
    names = Names(("xs", "k"), "solve")
    actions = codec.encode(found, names, Root.BODY)
    assert ast.dump(codec.decode(actions, names, Root.BODY)) == ast.dump(found)
    for args in (([5, 7, 1], 2), ([400], 1), ([3], 0)):
        expected = run(ast.Module(tree.body[:-1], []), *args)
        assert run(found, *args) == expected


def test_only_what_the_entry_function_needs_moves_into_it() -> None:
    found = normal(FILE)
    assert "unused" not in found
    assert "numpy" not in found
    assert "print" not in found
    assert "'''" not in found
    assert '"""' not in found
    assert found.count("def ") == 3


def test_locals_take_slots_in_the_codecs_order_and_give_them_back() -> None:
    found = normal(
        "def solve(xs):\n"
        "    ys = [x for x in xs]\n"
        "    zs = sorted(ys, key=lambda y: -y)\n"
        "    for z, y in zs:\n        total = z\n"
        "    return total"
    )
    assert found == (
        "def solve(xs):\n"
        "    v0 = [v0 for v0 in xs]\n"
        "    v1 = sorted(v0, key=lambda v2: -v2)\n".replace("v2", "v1")
        + "    for v2, v3 in v1:\n        v4 = v2\n"
        "    return v4"
    )


def test_a_name_that_is_bound_later_keeps_apart_from_the_names_inside() -> None:
    source = "def solve(n):\n    def f(a):\n        return a + b\n    b = n\n    return f(1)\n"
    found = normal(source)
    assert run(ast.parse(found), 5) == run(ast.parse(source), 5) == 6


def test_closures_and_nonlocal_keep_their_variables() -> None:
    source = (
        "def solve(n):\n    count = 0\n    def bump(k):\n        nonlocal count\n        count += k\n"
        "        return [count for k in range(k)]\n    return bump(n), bump(2), count\n"
    )
    assert run(ast.parse(normal(source)), 3) == run(ast.parse(source), 3)


def test_the_first_iterable_is_read_outside_the_comprehension() -> None:
    source = "def solve(x):\n    y = [x, x]\n    return [y for y in y if y], {x: x for x in [x]}\n"
    assert run(ast.parse(normal(source)), 3) == run(ast.parse(source), 3)


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("def solve(n):\n    class A:\n        size = 2\n        def area(self, k=1):\n"
         "            return self.size * k\n    return A().area(k=n)", ["size", "area", "self", "k"]),
        ("def solve(n):\n    def f(*, scale):\n        return scale\n    return f(scale=n)", ["scale"]),
        ("def solve(n):\n    total = n\n    return eval('total')", ["total"]),
        ("def solve(n):\n    import os.path\n    return os.path.join('a', str(n))", ["os.path"]),
        ("from math import gcd\nfrom collections import Counter\ndef solve(n):\n    return gcd(n, 4), Counter([n])",
         ["gcd", "Counter"]),
    ],
)  # fmt: skip
def test_what_cannot_be_renamed_stays(source: str, kept: list[str]) -> None:
    found = normal(source)
    assert all(name in found for name in kept)
    assert run(ast.parse(found), 3) == run(ast.parse(source), 3)


@pytest.mark.parametrize(
    ("source", "params", "message"),
    [
        ("def other():\n    pass", None, "no function solve"),
        ("def f():\n    global c\n    c = 1\ndef solve(n):\n    return f()", None, "globals"),
        ("def solve(n):\n    return len(n)", ("len",), "parameter's new name"),
    ],
)
def test_what_cannot_be_normalised_is_refused(
    source: str, params: tuple[str, ...] | None, message: str
) -> None:
    with pytest.raises(CodecError, match=message):
        normal(source, params)


def test_a_program_without_an_entry_point_keeps_its_file() -> None:
    source = "import sys\nlines = sys.stdin.read().split()\nfor line in lines:\n    print(line)\n"
    found = ast.unparse(normalise(ast.parse(source), None))
    assert found == "import sys\nv0 = sys.stdin.read().split()\nfor v1 in v0:\n    print(v1)"


def test_annotated_assignments_become_plain_ones_in_functions_alone() -> None:
    source = (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 2\n"
        "def solve(n: int) -> int:\n    if n:\n        k: int\n    z: int = P(n).y\n    return z\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = normal(source)
    assert "x: int" in found
    assert "y: int = 2" in found
    assert run(ast.parse(found), 3) == 2
