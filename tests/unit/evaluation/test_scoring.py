"""From verdicts to figures."""

from collections import Counter

from evaluation.config import EvaluationConfig
from evaluation.records import BestProgram, Conditions, EditRecord, EvaluationResult
from evaluation.scoring import (
    Outcome,
    SearchTally,
    TaskTally,
    best_program,
    conditions,
    summarise,
)

CONDITIONS = Conditions(temperature=0.5, profile="core", max_actions=64)


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
    result = summarise([lost, kept], (1, 2), CONDITIONS, seconds=2.0)
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


def searched(name: str, *verdicts: str) -> SearchTally:
    """A search that drew 9 programs and ran 7; its best ones, in order, ended so."""
    outcomes = {f"{name}{at}": outcome(verdict, 0) for at, verdict in enumerate(verdicts)}
    return SearchTally(name, "loops", Counter(dict.fromkeys(outcomes, 1)), outcomes, 9, 7)


def test_after_a_search_pass_at_k_asks_for_a_right_one_among_the_k_best():
    config = EvaluationConfig(
        ks=(1, 2, 3), search="beam", max_edits=4, search_nodes=9, search_seconds=2.5
    )
    tallies = [
        searched("first", "PASSED", "PASSED"),
        searched("third", "WRONG_ANSWER", "TIME_LIMIT", "PASSED"),
        searched("never", "WRONG_ANSWER"),
        searched("nothing"),
    ]
    result = summarise(tallies, config.ks, conditions(config, "bfloat16"), seconds=3.0)
    assert result.pass_at == {"1": 0.25, "2": 0.25, "3": 0.5}
    assert result.pass_at_by_stage == {"loops": result.pass_at}
    assert result.scored_tasks == {"1": 4, "2": 4, "3": 4}
    assert [task.rank for task in result.tasks] == [1, 3, None, None]
    assert (result.samples, result.executed, result.programs_per_second) == (36, 28, 12.0)
    assert result.verdicts == {"PASSED": 3, "TIME_LIMIT": 1, "WRONG_ANSWER": 2}
    assert result.conditions == ("search=beam, up to 4 edits, at most 9 programs and 2.5 s a task")
    assert result.precision == "bfloat16"
    assert EvaluationResult.from_json(result.to_json()) == result


def test_the_best_program_of_a_search_tells_how_it_came_about():
    tally = searched("t", "WRONG_ANSWER", "PASSED")
    edits = (EditRecord("", "x", 0, 2), EditRecord("/body/0", "t1", 2, 2))
    tally.episodes = {"t1": edits}
    best = tally.result().best
    assert best is not None
    assert (best.source, best.edits) == ("t1", edits)
    assert BestProgram.from_json(best.to_json()) == best
    tally.episodes = {"t0": edits}
    assert tally.result().best == BestProgram("t1", "PASSED", 0, 4)


def test_a_program_that_the_sandbox_failed_has_no_place_in_the_ranking():
    one = searched("t", "INTERNAL", "WRONG_ANSWER", "PASSED").result()
    assert (one.rank, one.internal, one.correct) == (2, 1, 1)


def test_a_result_of_an_older_run_was_not_searched_for():
    tally = TaskTally("t", "loops", Counter(a=1), {"a": outcome("PASSED", 4)})
    result = summarise([tally], (1, 2), CONDITIONS, seconds=1.0).to_json()
    for name in ("search", "max_edits", "search_nodes", "search_seconds"):
        del result[name]
    again = EvaluationResult.from_json(result)
    assert (again.search, again.conditions) == ("none", "")
