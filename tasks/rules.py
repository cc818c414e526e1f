"""The rules of a task that reach across its fields; a broken one is one line naming the field."""

import ast
import keyword
import math
import warnings
from typing import TYPE_CHECKING

from tasks import typelang
from tasks.reading import TaskError

if TYPE_CHECKING:
    from tasks.schema import Example, Signature, Task


def check(task: "Task") -> None:
    """Raise TaskError when the task breaks a rule."""
    if not task.id.strip():
        raise TaskError("id: must not be empty")
    if task.entry_point is not None:
        _check_identifier("entry_point", task.entry_point)
    _check_tests(task)
    if task.signature is not None:
        _check_signature(task, task.signature)
    _check_limits(task)
    _check_python("program", task.program)
    _check_python("test_code", task.test_code)
    reference = _check_python("reference", task.reference)
    if reference is not None and task.entry_point is not None:
        defined = {getattr(node, "name", None) for node in reference.body}
        if task.entry_point not in defined:
            raise TaskError(f"reference: does not define {task.entry_point!r}")


def _check_tests(task: "Task") -> None:
    if bool(task.tests) == (task.test_code is not None):
        raise TaskError("tests: give either tests (at least one) or test_code")
    if task.stdio:
        if task.calls or task.examples:
            raise TaskError("tests: stdin tests don't mix with calls of a function")
        if task.entry_point is not None or task.signature is not None:
            raise TaskError("entry_point: a program with stdin tests has no entry point")
        return
    if task.entry_point is None:
        raise TaskError("entry_point: missing (only tasks with stdin tests have none)")
    if task.signature is None and (task.tests or task.examples):
        raise TaskError("signature: missing (calls can't be checked without it)")


def _check_signature(task: "Task", signature: "Signature") -> None:
    if task.entry_point is None:
        raise TaskError("signature: needs an entry_point")
    names = [param.name for param in signature.params]
    types = []
    for i, param in enumerate(signature.params):
        _check_identifier(f"signature.params[{i}].name", param.name)
        if param.name in names[:i]:
            raise TaskError(f"signature.params[{i}].name: {param.name!r} is there twice")
        types.append(_parse_type(f"signature.params[{i}].type", param.type))
    returns = _parse_type("signature.returns", signature.returns)
    for field, calls in (("examples", task.examples), ("tests", task.calls)):
        for i, call in enumerate(calls):
            _check_call(f"{field}[{i}]", call, types, returns)


def _check_call(
    where: str, call: "Example", types: list[typelang.ValueType], returns: typelang.ValueType
) -> None:
    if len(call.args) != len(types):
        raise TaskError(f"{where}.args: expected {len(types)} value(s), got {len(call.args)}")
    for i, (value, wanted) in enumerate(zip(call.args, types, strict=True)):
        _check_value(f"{where}.args[{i}]", value, wanted)
    _check_value(f"{where}.expected", call.expected, returns)


def _check_value(where: str, value: object, wanted: typelang.ValueType) -> None:
    if not typelang.matches(value, wanted):
        found = typelang.infer([value])
        raise TaskError(f"{where}: declared {wanted}, but the value is of type {found}")


def _check_limits(task: "Task") -> None:
    limits = task.constraints
    if limits.max_nodes is not None and limits.max_nodes < 1:
        raise TaskError(f"constraints.max_nodes: must be at least 1, got {limits.max_nodes}")
    for field, names in (("forbid", limits.forbid), ("require", limits.require)):
        for name in names:
            if not _is_node_class(name):
                raise TaskError(f"constraints.{field}: {name!r} is no node class of Python's ast")
    both = sorted(set(limits.forbid) & set(limits.require))
    if both:
        raise TaskError(f"constraints.require: {both[0]!r} is forbidden as well")
    tolerance = task.compare.float_tolerance
    if tolerance is not None and not (0 < tolerance < math.inf):
        raise TaskError(f"compare.float_tolerance: must be positive and finite, got {tolerance}")


def _is_node_class(name: str) -> bool:
    found = getattr(ast, name, None)
    return isinstance(found, type) and issubclass(found, ast.AST)


def _check_identifier(where: str, name: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise TaskError(f"{where}: {name!r} is no Python name")


def _parse_type(where: str, text: str) -> typelang.ValueType:
    try:
        return typelang.parse(text)
    except ValueError as error:
        raise TaskError(f"{where}: {error}") from None


def _check_python(field: str, source: str | None) -> ast.Module | None:
    if source is None:
        return None
    try:
        with warnings.catch_warnings():
            # Odd escapes in other people's strings are not our news.
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        raise TaskError(f"{field}: not Python: {error.msg} (line {error.lineno})") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise TaskError(f"{field}: not Python: {error}") from None
