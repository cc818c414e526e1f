import ast

import pytest

from policy.strategy import COMPLEXITIES, SIZES, SKELETONS, STRUCTURES, labels


@pytest.mark.parametrize(
    ("body", "skeleton", "structure", "complexity"),
    [
        ("return n + 1", "expression", "none", "constant"),
        ("x = n * 2\n    return x + n", "straight line", "none", "constant"),
        ("return n if n > 0 else -n", "branch", "none", "constant"),
        ("t = 0\n    for i in range(n):\n        t += i\n    return t", "for", "none", "linear"),
        (
            "t = []\n    for i in n:\n        if i % 2:\n            t.append(i)\n    return t",
            "for with branch",
            "list",
            "linear",
        ),
        ("while n > 1:\n        n //= 2\n    return n", "while", "none", "linear"),
        ("return [i * i for i in range(n)]", "comprehension", "list", "linear"),
        (
            "for i in range(n):\n        for j in range(i):\n            print(i)",
            "nested loops",
            "none",
            "quadratic",
        ),
        ("return 1 if n < 2 else n * f(n - 1)", "recursion", "none", "recursive"),
        ("return sorted(n)", "expression", "list", "n log n"),
        ("a, b = n, n\n    return {a: [b]}", "straight line", "several", "constant"),
        ("return ' '.join(n)", "expression", "str", "linear"),
        ("return [i for i in n for j in n for k in n]", "comprehension", "list", "cubic or more"),
    ],
)
def test_labels_of_small_programs(body, skeleton, structure, complexity):
    found = labels(ast.parse(f"def f(n):\n    {body}"))
    assert (SKELETONS[found[0]], STRUCTURES[found[1]], COMPLEXITIES[found[2]]) == (
        skeleton,
        structure,
        complexity,
    )


def test_unpacking_is_no_tuple():
    assert labels(ast.parse("def f(a):\n    (b, c) = a\n    return b"))[1] == 0


def test_labels_fit_their_sizes():
    found = labels(ast.parse("class A:\n    def f(self):\n        return self.f()"))
    assert all(0 <= label < size for label, size in zip(found, SIZES, strict=True))
