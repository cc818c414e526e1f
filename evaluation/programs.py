"""A sampled source as the program that the sandbox runs for a task, and what its run says."""

import ast
from dataclasses import replace

from sandbox.types import Compare, Limits, Program, Result, StdioTest, Test, Verdict
from tasks.schema import StdioTest as TaskStdioTest
from tasks.schema import Task


def program_for(task: Task, source: str, name: str, limits: Limits) -> Program:
    """Return `source` with the task's hidden tests, called `name` in the sandbox's answer."""
    return Program(
        id=name,
        source=source,
        entry_point=task.entry_point,
        tests=tuple(
            StdioTest(test.stdin, test.stdout)
            if isinstance(test, TaskStdioTest)
            else Test(test.args, test.expected)
            for test in task.tests
        ),
        test_code=task.test_code,
        limits=limits,
        compare=Compare(task.compare.float_tolerance, task.compare.unordered),
    )


def judged(task: Task, source: str, result: Result) -> Result:
    """Return what a run of `source` says of it: who lacks what the task requires answers no test.

    What a task forbids is masked while sampling; what it requires is known of whole programs alone.
    """
    wanted = set(task.constraints.require)
    verdicts = {result.verdict, *(one.verdict for one in result.tests)}
    if not wanted or Verdict.PASSED not in verdicts or wanted <= _node_classes(source):
        return result
    return replace(
        result,
        verdict=_unless_passed(result.verdict),
        tests=tuple(replace(one, verdict=_unless_passed(one.verdict)) for one in result.tests),
    )


def _node_classes(source: str) -> set[str]:
    """Names of the classes of a program's nodes, and of the classes that those derive from."""
    kinds = {type(node) for node in ast.walk(ast.parse(source))}
    return {base.__name__ for kind in kinds for base in kind.__mro__}


def _unless_passed(verdict: Verdict) -> Verdict:
    return Verdict.WRONG_ANSWER if verdict is Verdict.PASSED else verdict
