"""Assert statements, rewritten on the trusted side to calls with expected values.

`assert f(1, [2]) == 3` becomes the call (1, [2]) whose expected value 3 never enters the jail. What
can't be rewritten (another helper in the test, a loop around it) runs inside, labelled weak.
"""

import ast
from dataclasses import dataclass

from sandbox.types import Compare

_PYTHON_EQUALITY = Compare(float_tolerance=0.0)
"""What == means in an assert: 1.0 is 1."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the entry point and what it must return."""

    args: tuple[object, ...]
    expected: object
    compare: Compare


@dataclass(frozen=True, slots=True)
class Statements:
    """Python text that must run without an exception beside the program."""

    source: str


class AssertsError(ValueError):
    """Test code that is no Python, or that asserts nothing."""


def rewrite(test_code: str, entry_point: str) -> list[Call | Statements]:
    """One test for each assert of the code, in order.

    Raises:
        AssertsError: the code does not parse or holds no assert.

    """
    try:
        body = ast.parse(test_code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise AssertsError(f"test_code is not Python: {error}") from error
    found: list[Call | Statements] = []
    before: list[ast.stmt] = []
    for statement in _unwrapped(body, entry_point):
        if not _asserts(statement):
            before.append(statement)
            continue
        call = _call(statement, entry_point) if isinstance(statement, ast.Assert) else None
        found.append(call or Statements(_text([*before, statement])))
    if not found:
        raise AssertsError("test_code holds no assert")
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
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id == "check"
    )


def _asserts(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(statement))


def _text(statements: list[ast.stmt]) -> str:
    return ast.unparse(ast.Module(statements, []))


def _call(statement: ast.Assert, entry_point: str) -> Call | None:
    """`assert f(literals) == literal`, either way round; `is` for None, True, False."""
    test = statement.test
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
        return None
    sides = [test.left, test.comparators[0]]
    if not isinstance(test.ops[0], (ast.Eq, ast.Is)):
        return None
    for made, given in (sides, sides[::-1]):
        args = _arguments(made, entry_point)
        if args is None:
            continue
        try:
            return Call(args, ast.literal_eval(given), _PYTHON_EQUALITY)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return None
    return None


def _arguments(node: ast.expr, entry_point: str) -> tuple[object, ...] | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return None
    if node.func.id != entry_point or node.keywords:
        return None
    try:
        return tuple(ast.literal_eval(argument) for argument in node.args)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
