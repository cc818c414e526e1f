"""A task from what a user gives: a signature and examples, typed or as one JSON object.

from_text("f(n: int) -> int", ["4 -> 10", "5 -> 15"])
from_json({"signature": "f(n: int) -> int", "examples": ["4 -> 10", "5 -> 15"]})
"""

import ast
from collections.abc import Sequence
from dataclasses import replace

from tasks import rules, values
from tasks.reading import Fields
from tasks.schema import Constraints, Example, Param, Signature, Task, TaskError

_SHORT = ("id", "signature", "examples", "description")
_FORM = "write it as 'f(n: int) -> int'"


def from_text(
    signature: str,
    examples: Sequence[str],
    *,
    description: str = "",
    constraints: Constraints = Constraints(),  # noqa: B008 (immutable)
) -> Task:
    """Return a task of which the examples are shown and are the tests as well.

    Raises:
        TaskError: the signature or an example can't be read, or an example doesn't fit the types.

    """
    name, parsed = _read_signature(signature)
    if not examples:
        raise TaskError("examples: give at least one, for example '4 -> 10'")
    calls = tuple(_read_example(text, len(parsed.params)) for text in examples)
    task = Task(
        id=f"synth/{name}",
        entry_point=name,
        signature=parsed,
        description=description,
        examples=calls,
        tests=calls,
        constraints=constraints,
    )
    rules.check(task)
    return task


def from_json(data: object) -> Task:
    """Return the task of an object of the file format, whose hidden tests may be absent.

    Where the signature is text it is the short form, read as `from_text` does: `{"id"?,
    "signature": "f(n: int) -> int", "examples": ["4 -> 10"], "description"?}`. Where there are no
    hidden tests the examples are the tests as well.

    Raises:
        TaskError: as `Task.from_json` and `from_text`, or there is no example to choose by.

    """
    if isinstance(data, dict) and isinstance(data.get("signature"), str):
        return _short_form(data)
    task = Task.unchecked(data)
    if not task.examples:
        raise TaskError('examples: give at least one, for example {"args": [4], "expected": 10}')
    if not task.tests and task.test_code is None:
        task = replace(task, tests=task.examples)
    rules.check(task)
    return task


def _short_form(data: object) -> Task:
    fields = Fields(data, "", _SHORT)
    task = from_text(
        fields.text("signature"),
        fields.texts("examples"),
        description=fields.optional_text("description") or "",
    )
    given = fields.optional_text("id")
    if given is not None:
        task = replace(task, id=given)
        rules.check(task)
    return task


def _read_signature(text: str) -> tuple[str, Signature]:
    try:
        body = ast.parse(f"def {text.strip().removeprefix('def ').removesuffix(':')}: pass").body
    except (SyntaxError, ValueError):
        raise TaskError(f"signature: can't read {text!r}; {_FORM}") from None
    match body:
        case [ast.FunctionDef(name=name, args=args, returns=ast.expr() as returns)]:
            return name, Signature(_read_params(args), ast.unparse(returns))
        case [ast.FunctionDef()]:
            raise TaskError(f"signature: {text!r} has no return type; {_FORM}")
    raise TaskError(f"signature: can't read {text!r}; {_FORM}")


def _read_params(args: ast.arguments) -> tuple[Param, ...]:
    if args.vararg or args.kwarg or args.kwonlyargs or args.defaults:
        raise TaskError(f"signature: only plain parameters without defaults; {_FORM}")
    params = []
    for arg in [*args.posonlyargs, *args.args]:
        if arg.annotation is None:
            raise TaskError(f"signature: parameter {arg.arg!r} has no type; {_FORM}")
        params.append(Param(arg.arg, ast.unparse(arg.annotation)))
    return tuple(params)


def _read_example(text: str, params: int) -> Example:
    """Read `arguments -> result`; an arrow inside a string belongs to the string."""
    parts = text.split("->")
    for i in range(1, len(parts)):
        left, right = "->".join(parts[:i]).strip(), "->".join(parts[i:]).strip()
        try:
            arguments, expected = values.read_literal(left), values.read_literal(right)
        except ValueError:
            continue
        return Example(_arguments(text, arguments, params), expected)
    hint = "'4 -> 10'" if params == 1 else "'(1, 2) -> 3'"
    raise TaskError(f"example: can't read {text!r}; write Python literals as {hint}")


def _arguments(text: str, value: object, params: int) -> tuple[object, ...]:
    if params == 1:
        return (value,)
    if isinstance(value, tuple) and len(value) == params:
        return value
    raise TaskError(f"example: {text!r} needs {params} arguments in parentheses before the arrow")
