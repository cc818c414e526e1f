"""What a run says of a program whose task requires something of it."""

from dataclasses import replace

import pytest

from evaluation.programs import judged
from sandbox.types import Result, TestResult, Verdict
from tasks.schema import Constraints
from tasks.synth import from_text

TASK = from_text("f(n: int) -> int", ["1 -> 1", "2 -> 3"])
LOOPS = "def f(n):\n    s = 0\n    for i in range(n + 1):\n        s += i\n    return s\n"
CLOSED = "def f(n):\n    return n * (n + 1) // 2\n"
PASSED = Result("a", Verdict.PASSED, tests=(TestResult(Verdict.PASSED),) * 2, cpu_seconds=0.5)


def requiring(*names: str):
    return replace(TASK, constraints=Constraints(require=names))


@pytest.mark.parametrize("names", [("For",), ("For", "Call"), ("stmt",), ("FunctionDef", "Return")])
def test_what_holds_all_that_is_required_is_as_it_ran(names):
    assert judged(requiring(*names), LOOPS, PASSED) is PASSED


@pytest.mark.parametrize("names", [("For",), ("Return", "For"), ("While",)])
def test_what_lacks_something_is_wrong_in_every_test(names):
    found = judged(requiring(*names), CLOSED, PASSED)
    assert found.verdict is Verdict.WRONG_ANSWER
    assert [one.verdict for one in found.tests] == [Verdict.WRONG_ANSWER] * 2
    assert (found.id, found.cpu_seconds) == ("a", 0.5)


def test_other_verdicts_stay_and_need_no_source_that_can_be_parsed():
    half = (TestResult(Verdict.PASSED), TestResult(Verdict.RUNTIME_ERROR))
    ran = Result("a", Verdict.RUNTIME_ERROR, tests=half)
    found = judged(requiring("For"), CLOSED, ran)
    assert found.verdict is Verdict.RUNTIME_ERROR
    assert [one.verdict for one in found.tests] == [Verdict.WRONG_ANSWER, Verdict.RUNTIME_ERROR]
    broken = Result("a", Verdict.COMPILE_ERROR)
    assert judged(requiring("For"), "def", broken) is broken


def test_a_task_that_requires_nothing_changes_nothing():
    assert judged(TASK, CLOSED, PASSED) is PASSED
