"""What a run on the visible examples says to the policy."""

from dataclasses import replace

import pytest

from evaluation.feedback import feedback, visible_program
from policy.drafts import NO_VALUE, Feedback
from sandbox.types import Limits, Result, Test, TestResult, Verdict
from tasks.synth import from_text

TASK = replace(
    from_text("f(n: int) -> int", ["4 -> 10", "5 -> 15", "6 -> 21"]), tests=(), test_code="assert 0"
)


def test_only_the_visible_examples_are_run():
    program = visible_program(TASK, "def f(n): return n", "name", Limits())
    assert program.tests == (Test((4,), 10), Test((5,), 15), Test((6,), 21))
    assert program.test_code is None


def test_each_example_has_a_verdict_and_what_the_program_gave():
    shown = (
        TestResult(Verdict.PASSED),
        TestResult(Verdict.WRONG_ANSWER, actual="[1, -2]"),
        TestResult(Verdict.RUNTIME_ERROR, detail="ZeroDivisionError"),
    )
    assert feedback(TASK, Result("name", Verdict.WRONG_ANSWER, tests=shown)) == (
        Feedback("PASSED", 10),
        Feedback("WRONG_ANSWER", [1, -2]),
        Feedback("RUNTIME_ERROR", NO_VALUE),
    )


def test_a_value_that_was_too_long_to_show_is_none():
    cut = TestResult(Verdict.WRONG_ANSWER, actual="[1, 2, 3…")
    said = feedback(TASK, Result("name", Verdict.WRONG_ANSWER, tests=(cut,) * 3))
    assert {one.actual for one in said} == {NO_VALUE}


def test_a_result_without_one_verdict_an_example_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        feedback(TASK, Result("name", Verdict.PASSED, tests=(TestResult(Verdict.PASSED),)))
