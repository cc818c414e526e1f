"""A sampled source as the program that the sandbox runs for a task."""

from sandbox.types import Compare, Limits, Program, StdioTest, Test
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
