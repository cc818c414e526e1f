"""Assert statements as benchmarks ship them, read into calls and what they must return.

    assert f(1, [2]) == 3      assert f(1) is None
    assert math.isclose(f(1), 0.5, rel_tol=0.001)      assert abs(f(1) - 0.5) < 1e-6

Anything else (`assert f(1)`, which any true value satisfies, a set of the result, a class of the
task's own, a message) stays an assert statement.
"""

import ast
import warnings
from dataclasses import dataclass

from tasks import values
from tasks.schema import Example

EQUALITY_TOLERANCE = 1e-12
"""Tolerance of pairs that stand for `==`, for which 4 and 4.0 are equal as well."""

DEFAULT_TOLERANCE = 1e-9
"""Relative tolerance of `math.isclose` where an assert names none."""


@dataclass(frozen=True)
class Pair:
    """One call of the function; `tolerance` is the one that numbers are compared with."""

    function: str
    call: Example
    tolerance: float = EQUALITY_TOLERANCE


def read(source: str) -> Pair | None:
    """Return the pair that one assert statement stands for; None where it says something else."""
    match parse(source):
        case [ast.Assert(test=test, msg=None)]:
            return read_test(test)
    return None


def parse(source: str) -> list[ast.stmt]:
    """Return the statements of a source; none where it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source.strip()).body
    except (SyntaxError, ValueError):
        return []


def read_test(test: ast.expr) -> Pair | None:
    """Return the pair that the condition of an assert statement stands for."""
    match test:
        case ast.Compare(
            left=ast.Call(
                func=ast.Name(id="abs"), args=[ast.BinOp(left=left, op=ast.Sub(), right=right)]
            ),
            ops=[ast.Lt() | ast.LtE()],
            comparators=[bound],
        ) if _number(bound) > 0:
            return _pair(left, right, _number(bound))
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            return _pair(left, right)
        case ast.Call(func=ast.Attribute(attr="isclose"), args=[left, right], keywords=keywords):
            return _close(left, right, keywords)
    return None


def _close(left: ast.expr, right: ast.expr, keywords: list[ast.keyword]) -> Pair | None:
    tolerances = {keyword.arg: _number(keyword.value) for keyword in keywords}
    tolerance = max(tolerances.values(), default=DEFAULT_TOLERANCE)
    return _pair(left, right, tolerance) if tolerance > 0 else None


def _number(node: ast.expr) -> float:
    value = _literal(node)
    return float(value[0]) if value and isinstance(value[0], int | float) else 0.0


def _pair(left: ast.expr, right: ast.expr, tolerance: float = EQUALITY_TOLERANCE) -> Pair | None:
    match left:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            found = [_literal(arg) for arg in args]
            expected = _literal(right)
            if expected is None or None in found:
                return None
            call = Example(tuple(value[0] for value in found if value), expected[0])
            return Pair(name, call, tolerance)
    return None


def _literal(node: ast.expr) -> tuple[object] | None:
    """Return a literal's value in a tuple of its own: None is a value as well."""
    try:
        return (values.read_literal(ast.unparse(node)),)
    except ValueError:
        return None
