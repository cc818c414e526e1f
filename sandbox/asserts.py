"""Assert statements, rewritten on the trusted side to calls with expected values.

`assert f(1, [2]) == 3` becomes the call (1, [2]) whose expected value 3 never enters the jail; so
do `assert f(1)`, `assert not f(1)`, `assert f(1) is None` and `assert abs(f(1) - 0.5) < 1e-6`. What
can't be rewritten (another helper in the test, a loop around it) runs inside, labelled weak.
"""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.canonical import How, Near, Relation

_UNREADABLE = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, ArithmeticError)
_MOST = 2**64
"""Largest number, text or list that is worked out on this side."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the entry point and what it must return."""

    args: tuple[object, ...]
    expected: object
    how: How


@dataclass(frozen=True, slots=True)
class Statements:
    """Python text that must run without an exception beside the program."""

    source: str


class AssertsError(ValueError):
    """Test code that is no Python, or that asserts nothing."""


def rewrite(test_code: str, entry_point: str) -> list[Call | Statements]:
    """Return one test for each assert of the code, in order; `assert True` is none.

    Raises:
        AssertsError: the code does not parse or holds no assert.

    """
    try:
        found = _rewritten(ast.parse(test_code).body, entry_point)
    except AssertsError:
        raise
    except _UNREADABLE as error:
        raise AssertsError(f"test_code is not Python: {error}") from error
    if not found:
        raise AssertsError("test_code asserts nothing")
    return found


def _rewritten(body: list[ast.stmt], entry_point: str) -> list[Call | Statements]:
    found: list[Call | Statements] = []
    before: list[ast.stmt] = []
    called = True
    for statement in _unwrapped(body, entry_point):
        if isinstance(statement, _DEFINITIONS) and _asserts(statement):
            called = False  # what it asserts is checked where it is called, not here
        elif _asserts(statement):
            call = _call(statement.test, entry_point) if isinstance(statement, ast.Assert) else None
            found.append(call or Statements(_text([*before, statement])))
            called = called or call is None
            continue
        elif not called and not isinstance(statement, _DEFINITIONS):
            called = True
        before.append(statement)
    if not called:
        raise AssertsError("test_code defines a function that asserts, and then calls none")
    if any(isinstance(item, _DEFINITIONS) and _asserts(item) for item in before):
        found.append(Statements(_text(before)))
    return found


def _unwrapped(body: list[ast.stmt], entry_point: str) -> list[ast.stmt]:
    """Take HumanEval's `def check(candidate): …` apart, with the candidate's real name."""
    checks = [item for item in body if isinstance(item, ast.FunctionDef) and item.name == "check"]
    if len(checks) != 1 or len(checks[0].args.args) != 1 or not entry_point:
        return body
    candidate = checks[0].args.args[0].arg
    for node in ast.walk(checks[0]):
        if isinstance(node, ast.Name) and node.id == candidate:
            node.id = entry_point
    at = body.index(checks[0])
    after = [item for item in body[at + 1 :] if not _calls_check(item)]
    return [*body[:at], *checks[0].body, *after]


def _calls_check(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and _called(statement.value, "check") is not None


def _asserts(statement: ast.stmt) -> bool:
    """Whether anything in it can fail: `assert True` can not."""
    return any(
        isinstance(node, ast.Assert)
        and not (isinstance(node.test, ast.Constant) and bool(node.test.value))
        for node in ast.walk(statement)
    )


def _text(statements: list[ast.stmt]) -> str:
    return ast.unparse(ast.Module(statements, []))


def _call(test: ast.expr, entry_point: str) -> Call | None:
    """Return the call that an assert's test makes; None where it does more than that."""
    try:
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return _comparison(test, entry_point)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return Call(_arguments(test.operand, entry_point), False, Relation.FALSE)
        return Call(_arguments(test, entry_point), True, Relation.TRUE)
    except _UNREADABLE:
        return None


def _comparison(test: ast.Compare, entry_point: str) -> Call:
    """`f(…) == value` either way round, `f(…) is None`, `abs(f(…) - value) < most`."""
    left, right, relation = test.left, test.comparators[0], test.ops[0]
    if isinstance(relation, ast.Lt):
        difference = _called(left, "abs")
        if difference is None or len(difference) != 1 or not isinstance(difference[0], ast.BinOp):
            raise ValueError("not a distance")
        made, given = difference[0].left, difference[0].right
        if not isinstance(difference[0].op, ast.Sub):
            raise ValueError("not a distance")
        return Call(_arguments(made, entry_point), _value(given), Near(_value(right)))
    if isinstance(relation, ast.Is) and not isinstance(right, ast.Constant):
        raise ValueError("identity of made values")
    if not isinstance(relation, (ast.Eq, ast.Is)):
        raise ValueError("another relation")
    if _called(left, entry_point) is None:
        left, right = right, left
    return Call(_arguments(left, entry_point), _value(right), Relation.EQUAL)


def _called(node: ast.expr, name: str) -> list[ast.expr] | None:
    """Return the arguments of a plain call of a name."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return None
    return node.args if node.func.id == name and not node.keywords else None


def _arguments(node: ast.expr, entry_point: str) -> tuple[object, ...]:
    arguments = _called(node, entry_point)
    if arguments is None:
        raise ValueError("not a call of the entry point")
    return tuple(_value(argument) for argument in arguments)


def _value(node: ast.expr) -> Any:
    """Return the value of a literal, worked out where it holds arithmetic."""
    return ast.literal_eval(_Arithmetic().visit(node))


class _Arithmetic(ast.NodeTransformer):
    """Replaces operations on small numbers and short texts by what they give."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        left, right = ast.literal_eval(node.left), ast.literal_eval(node.right)
        if isinstance(node.op, ast.Pow) and not abs(right) <= 64:
            raise ValueError("a power too high")
        for value in (left, right):
            number = isinstance(value, (int, float, complex))
            if number and not abs(value) < _MOST:
                raise ValueError("a number too large")
            if not number and not isinstance(node.op, ast.Add):
                raise ValueError("not arithmetic")
        return ast.parse(repr(_OPERATORS[type(node.op)](left, right)), mode="eval").body
