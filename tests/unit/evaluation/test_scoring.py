"""From verdicts to figures."""

from collections import Counter

from evaluation.records import BestProgram, EvaluationResult
from evaluation.scoring import Conditions, Outcome, TaskTally, best_program, summarise

CONDITIONS = Conditions(ks=(1, 2), temperature=0.5, profile="core", max_actions=64)


def outcome(verdict: str, passed: int, violation: bool = False) -> Outcome:
    return Outcome(verdict, passed, 4, violation)


def test_the_best_program_passes_and_is_shortest():
    best = best_program(
        {
            "longer one": outcome("PASSED", 4),
            "short": outcome("PASSED", 4),
            "x": outcome("WRONG_ANSWER", 3),
        }
    )
    assert best == BestProgram("short", "PASSED", 4, 4)


def test_without_a_passing_program_the_best_has_most_tests_passed():
    outcomes = {"a": outcome("RUNTIME_ERROR", 0), "bb": outcome("WRONG_ANSWER", 3)}
    assert best_program(outcomes) == BestProgram("bb", "WRONG_ANSWER", 3, 4)


def test_a_program_that_the_sandbox_failed_is_never_the_best():
    assert best_program({"a": outcome("INTERNAL", 0)}) is None


def test_a_verdict_counts_once_for_every_time_its_source_was_drawn():
    tally = TaskTally(
        "t", "loops", Counter(good=3, bad=1), {"good": outcome("PASSED", 4), "bad": outcome("X", 0)}
    )
    assert (tally.result().samples, tally.result().correct, tally.result().distinct) == (4, 3, 2)


def test_internal_verdicts_leave_the_estimate_and_are_counted():
    lost = TaskTally(
        "lost", "loops", Counter(a=1, b=1), {"a": outcome("PASSED", 4), "b": outcome("INTERNAL", 0)}
    )
    kept = TaskTally("kept", "lists", Counter(c=2), {"c": outcome("WRONG_ANSWER", 1, True)})
    result = summarise([lost, kept], CONDITIONS, seconds=2.0)
    assert result.pass_at == {"1": 0.5, "2": 0.0}
    assert result.scored_tasks == {"1": 2, "2": 1}
    assert result.pass_at_by_stage == {
        "lists": {"1": 0.0, "2": 0.0},
        "loops": {"1": 1.0, "2": None},
    }
    assert result.internal == 1
    assert result.violations == 2
    assert result.verdicts == {"INTERNAL": 1, "PASSED": 1, "WRONG_ANSWER": 2}
    assert (result.samples, result.executed, result.programs_per_second) == (4, 3, 2.0)
    assert EvaluationResult.from_json(result.to_json()) == result
