"""Task files: JSON Lines, one task a line. A file with a bad line is refused as a whole."""

import json
from collections.abc import Iterable
from pathlib import Path

from tasks import atomic, rules
from tasks.schema import Task, TaskError


class TaskFileError(TaskError):
    """A task file that can't be used: `path`, `line` (from 1; None: the file itself), `reason`."""

    def __init__(self, path: str | Path, line: int | None, reason: str) -> None:
        self.path = str(path)
        self.line = line
        self.reason = reason
        super().__init__(f"{path}:{line}: {reason}" if line else f"{path}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.path, self.line, self.reason)


def load(path: str | Path) -> list[Task]:
    """Read every task of a file; blank lines are skipped.

    Raises:
        TaskFileError: the file can't be read or holds no task, or a line is no valid task, or an id
            is there twice.

    """
    tasks: list[Task] = []
    lines: dict[str, int] = {}
    for number, text in enumerate(_read(path).split("\n"), start=1):
        if not text.strip():
            continue
        task = _parse_line(path, number, text)
        if task.id in lines:
            reason = f"id: {task.id!r} is on line {lines[task.id]} as well"
            raise TaskFileError(path, number, reason)
        lines[task.id] = number
        tasks.append(task)
    if not tasks:
        raise TaskFileError(path, None, "holds no task")
    return tasks


def save(path: str | Path, tasks: Iterable[Task]) -> int:
    """Write tasks as JSON Lines that `load` reads back; return how many.

    The file appears whole or not at all. Raises TaskError for a task that breaks a rule and
    TaskFileError when the file can't be written.
    """
    lines = []
    for task in tasks:
        rules.check(task)
        lines.append(json.dumps(task.to_json(), allow_nan=False) + "\n")
    try:
        atomic.write(Path(path), "".join(lines).encode())
    except OSError as error:
        raise TaskFileError(path, None, f"can't be written: {error.strerror}") from None
    return len(lines)


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TaskFileError(path, None, f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TaskFileError(path, None, f"is not UTF-8 (byte {error.start})") from None


def parse(text: str) -> object:
    """Return the JSON value of one line: no key twice, and no constant that JSON has not.

    Raises:
        TaskError: it is no such value.

    """
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise TaskError(f"not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise TaskError("not JSON: nested too deeply") from None
    except ValueError as error:
        raise TaskError(str(error)) from None


def _parse_line(path: str | Path, number: int, text: str) -> Task:
    try:
        return Task.from_json(parse(text))
    except RecursionError:
        raise TaskFileError(path, number, "nested too deeply") from None
    except ValueError as error:
        raise TaskFileError(path, number, str(error)) from None


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise TaskError(f"{twice}: the key is there twice")
    return data


def _refuse_constant(name: str) -> object:
    raise TaskError(
        f'{name} is not JSON; write {{"$py": "{name.lower().replace("infinity", "inf")}"}}'
    )
