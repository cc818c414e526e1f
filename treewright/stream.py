"""`treewright synth --tasks`: a task a line, an answer a line, in the same order.

A line in is a task as `tasks.synth.from_json` reads it. A line out is

    {"line": 3, "id": "sum", "source": "def f(n): …" | null, "examples_passed": 2, "examples": 2,
     "drawn": 8, "ran": 5, "agree": 3, "together": 1, "seconds": 0.21, "error": null | "line 3: …"}

where `id` is the line's own, `examples_passed` is the source's or, where there is none, that of the
best program; `drawn`, `ran` and `agree` are as in `evaluation.synthesis.Answer`; `seconds` is the
wall time from taking the line to its answer, the same for the `together` tasks that were looked at
as one batch. A line that can't be answered says why in `error`, and its counts are 0. With
--show-edits there is `edits`, `[{"pointer", "examples_passed", "diff" | "blocks"}]`, and with
--timings `timings`, by what the batch's time was spent on.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from evaluation.synthesis import Answer
from sandbox.errors import SandboxUnavailable
from tasks import files, synth
from tasks.schema import Task, TaskError
from treewright.lines import Line, Lines
from treewright.solver import NONE_FOUND, Form, Options, Solver, edits, ready, timings


def run(tasks: Path, options: Options) -> int:
    """Answer every line of a file ("-": standard input); 1 where a line got no program.

    Raises SandboxUnavailable, with the lines under way answered so, where the sandbox goes away.
    """
    every = True
    with ready(options) as solver, _opened(tasks) as descriptor:
        if options.timings:
            click.echo(timings(solver.policy, solver.seconds), err=True)
        lines = Lines(descriptor, solver.box.check)
        while taken := lines.take(solver.together):
            for reply in replies(solver, taken, options.show_edits, timed=options.timings):
                click.echo(json.dumps(reply))
                every = every and reply["source"] is not None
    return 0 if every else NONE_FOUND


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    if str(path) == "-":
        yield sys.stdin.fileno()
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Request:
    """What a line asks."""

    line: int
    id: str | None
    task: Task | None
    """None where the line is refused."""
    error: str = ""


def read(line: Line) -> Request:
    """Read a line; a bad one is a request that says why it is refused."""
    name = None
    try:
        data = files.parse(line.text.decode("utf-8-sig"))
        if isinstance(data, dict) and isinstance(data.get("id"), str):
            name = data["id"]
        return Request(line.number, name, synth.from_json(data))
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 (byte {error.start})"
    except RecursionError:
        reason = "nested too deeply"
    except TaskError as error:
        reason = str(error)
    return Request(line.number, name, None, reason)


@dataclass(frozen=True)
class _Outcome:
    """What came of a task: an answer or an error."""

    answer: Answer | None = None
    error: str = ""
    together: int = 0
    seconds: Mapping[str, float] | None = None


def replies(
    solver: Solver, lines: Sequence[Line], show_edits: Form | None, *, timed: bool
) -> Iterator[dict[str, Any]]:
    """Look for programs for some lines together; yield what to answer to each.

    Raises SandboxUnavailable after the last of them where the sandbox went away.
    """
    began = time.monotonic()
    requests = [read(line) for line in lines]
    tasks = [request.task for request in requests if request.task is not None]
    lost: SandboxUnavailable | None = None
    try:
        outcomes = iter(_find(solver, tasks))
    except SandboxUnavailable as error:
        lost, outcomes = error, iter([_Outcome(error=str(error))] * len(tasks))
    seconds = time.monotonic() - began
    for request in requests:
        outcome = _Outcome(error=request.error) if request.task is None else next(outcomes)
        reply = _reply(request, outcome, seconds)
        if show_edits:
            reply["edits"] = _edits(outcome.answer, show_edits)
        if timed:
            reply["timings"] = _rounded(outcome.seconds or {})
        yield reply
    if lost is not None:
        raise lost


def _find(solver: Solver, tasks: Sequence[Task]) -> list[_Outcome]:
    """Look for programs; a task that can't be looked at spoils no other's."""
    if not tasks:
        return []
    try:
        found = solver.find(tasks)
    except (ValueError, RecursionError) as error:
        if len(tasks) == 1:
            deep = isinstance(error, RecursionError)
            return [_Outcome(error="nested too deeply" if deep else str(error))]
        return [outcome for task in tasks for outcome in _find(solver, [task])]
    return [
        _Outcome(answer, together=len(tasks), seconds=found.seconds) for answer in found.answers
    ]


def _reply(request: Request, outcome: _Outcome, seconds: float) -> dict[str, Any]:
    answer = outcome.answer or Answer(source=None, passed=0, drawn=0, ran=0, agree=0)
    examples = 0 if outcome.answer is None or request.task is None else len(request.task.examples)
    reason = " ".join(outcome.error.split())
    return {
        "line": request.line,
        "id": request.id,
        "source": answer.source,
        "examples_passed": answer.passed,
        "examples": examples,
        "drawn": answer.drawn,
        "ran": answer.ran,
        "agree": answer.agree,
        "together": outcome.together,
        "seconds": round(seconds, 4),
        "error": f"line {request.line}: {reason}" if reason else None,
    }


def _edits(answer: Answer | None, form: Form) -> list[dict[str, Any]]:
    return [
        {"pointer": node.pointer, "examples_passed": node.passed, form: change}
        for node, change in edits(answer.episode if answer else (), form)
    ]


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in seconds.items()}
