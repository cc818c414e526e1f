"""Running a program on the examples that its policy may see, and reading the answer as feedback."""

from dataclasses import replace

from evaluation.programs import program_for
from policy.drafts import NO_VALUE, Feedback
from sandbox.types import Limits, Program, Result, TestResult, Verdict
from tasks.schema import Example, Task
from tasks.values import read_literal


def visible(task: Task) -> Task:
    """Return a task with its visible examples in place of its hidden tests."""
    return replace(task, tests=task.examples, test_code=None)


def visible_program(task: Task, source: str, name: str, limits: Limits) -> Program:
    """Return `source` with the task's visible examples in place of its hidden tests."""
    return program_for(visible(task), source, name, limits)


def feedback(task: Task, result: Result) -> tuple[Feedback, ...]:
    """Return what a run of `visible_program` showed, one for each visible example."""
    pairs = zip(task.examples, result.tests, strict=True)
    return tuple(_said(example, shown) for example, shown in pairs)


def _said(example: Example, shown: TestResult) -> Feedback:
    if shown.verdict is Verdict.PASSED:
        return Feedback(shown.verdict.value, example.expected)
    try:
        # No literal: nothing was returned, or too much for the sandbox to tell.
        return Feedback(shown.verdict.value, read_literal(shown.actual))
    except ValueError:
        return Feedback(shown.verdict.value, NO_VALUE)
