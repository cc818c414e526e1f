"""Programs from a JSON Lines file, results to another: what `treewright sandbox exec` does.

A line in: `{"id", "language", "source", "entry_point", "tests": [{"args", "expected"} | {"stdin",
"stdout"}] | "test_code", "signature"?: {"parameters", "returns"}, "limits"?, "compare"?}`; a value
that JSON can't carry is written `{"$py": "(1, 2)"}`. A line out, in the same order: `{"id",
"verdict", "security_violation", "tests", "detail", "compile_seconds", "cpu_seconds",
"wall_seconds", "peak_rss_bytes", "stdout", "stderr", "refusal": null | {"code", "message"}}`.
"""

import ast
import dataclasses
import json
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TextIO, TypeVar

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import ExecFileError
from sandbox.local import connect
from sandbox.types import Compare, Limits, Program, Result, Signature, StdioTest, Test
from sandbox.wire import program_to_message

_BATCH = 64
_BATCHES_IN_FLIGHT = 8
_KEYS = {
    "id",
    "language",
    "source",
    "entry_point",
    "tests",
    "test_code",
    "signature",
    "limits",
    "compare",
}
_Made = TypeVar("_Made", Limits, Compare)


def run(source: Path | str, output: TextIO, config: SandboxConfig) -> None:
    """Run every program of a file ("-": standard input) on the configured server.

    Raises:
        ExecFileError: a line is wrong; nothing has been started.
        SandboxError: the server can't start or does not answer.

    """
    programs = load(source)
    with connect(config) as client:
        for result in _results(client, programs):
            output.write(json.dumps(result_to_json(result)) + "\n")
            output.flush()


def _results(client: SandboxClient, programs: list[Program]) -> Iterator[Result]:
    """Yield results in order, with a few batches in flight."""
    waiting: deque[Future[list[Result]]] = deque()
    for start in range(0, len(programs), _BATCH):
        waiting.append(client.submit(programs[start : start + _BATCH], keep_refused=True))
        if len(waiting) == _BATCHES_IN_FLIGHT:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def load(source: Path | str) -> list[Program]:
    """Read every line before anything starts.

    Raises:
        ExecFileError: the file, the line and the reason.

    """
    name = "standard input" if str(source) == "-" else str(source)
    try:
        text = sys.stdin.read() if str(source) == "-" else Path(source).read_text("utf-8")
    except FileNotFoundError as error:
        raise ExecFileError(f"{name}: no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ExecFileError(f"{name}: {error}") from error
    programs = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            program = program_from_json(json.loads(line))
            program_to_message(program)
        except (ValueError, TypeError, RecursionError) as error:
            raise ExecFileError(f"{name}, line {number}: {error}") from error
        programs.append(program)
    if not programs:
        raise ExecFileError(f"{name}: no program in it")
    return programs


def program_from_json(held: Any) -> Program:
    """Return the program of one line.

    Raises:
        ValueError: names the key.

    """
    record = _object(held, "the line")
    _only(record, _KEYS, "the line")
    tests = record.get("tests", [])
    if not isinstance(tests, list):
        raise ValueError("tests: expected a list")
    if not tests and not record.get("test_code"):
        raise ValueError("tests: none, and no test_code")
    return Program(
        id=_text(record, "id"),
        source=_text(record, "source"),
        entry_point=_text(record, "entry_point", None),
        tests=tuple(_test(item, f"tests[{index}]") for index, item in enumerate(tests)),
        test_code=_text(record, "test_code", None),
        language=_text(record, "language", "python") or "",
        limits=_numbers(record, "limits", Limits),
        compare=_numbers(record, "compare", Compare),
        signature=_signature(record.get("signature")),
    )


def _signature(held: Any) -> Signature | None:
    if held is None:
        return None
    record = _object(held, "signature")
    _only(record, {"parameters", "returns"}, "signature")
    parameters = record.get("parameters")
    if not isinstance(parameters, list) or not all(isinstance(item, str) for item in parameters):
        raise ValueError('signature.parameters: expected a list of types, such as ["int"]')
    return Signature(tuple(parameters), _text(record, "returns"))


def _test(held: Any, where: str) -> Test | StdioTest:
    record = _object(held, where)
    if "stdin" in record:
        _only(record, {"stdin", "stdout"}, where)
        return StdioTest(_text(record, "stdin"), _text(record, "stdout"))
    _only(record, {"args", "expected"}, where)
    if not isinstance(record.get("args"), list) or "expected" not in record:
        raise ValueError(f"{where}: expected args (a list) and expected, or stdin and stdout")
    args = tuple(
        _value(item, f"{where}.args[{index}]") for index, item in enumerate(record["args"])
    )
    return Test(args, _value(record["expected"], f"{where}.expected"))


def _value(held: Any, where: str) -> object:
    """Turn `{"$py": "literal"}` into the value that it stands for."""
    if isinstance(held, list):
        return [_value(item, where) for item in held]
    if not isinstance(held, dict):
        return held
    if set(held) != {"$py"}:
        return {key: _value(item, where) for key, item in held.items()}
    try:
        return ast.literal_eval(held["$py"])
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"{where}: {held['$py']!r} is no Python literal") from error


def _object(held: Any, where: str) -> dict[str, Any]:
    if not isinstance(held, dict):
        raise ValueError(f"{where}: expected an object")
    return held


def _only(record: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(record) - known):
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")


_REQUIRED = object()


def _text(record: dict[str, Any], key: str, default: Any = _REQUIRED) -> Any:
    value = record.get(key, default)
    if value is _REQUIRED:
        raise ValueError(f"{key}: missing")
    if value is not default and not isinstance(value, str):
        raise ValueError(f"{key}: expected a string")
    return value


def _numbers(record: dict[str, Any], key: str, make: Callable[..., _Made]) -> _Made:
    held = _object(record.get(key, {}), key)
    fields = {item.name for item in dataclasses.fields(make())}
    _only(held, fields, key)
    for name, value in held.items():
        if not isinstance(value, (int, float)):
            raise ValueError(f"{key}.{name}: expected a number")
    return make(**held)


def result_to_json(result: Result) -> dict[str, Any]:
    """Return what one line says."""
    record = dataclasses.asdict(result)
    del record["queue_seconds"]
    if result.refusal is not None:
        record["refusal"]["code"] = result.refusal.code.name
    return record
