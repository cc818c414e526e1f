"""What a run shows and keeps: records between two moments, the lines of the display, the folder."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from evaluation.records import EvalRecord, EvaluationResult, TrainRecord
from learner.display import Display
from learner.runfolder import RunFolder, RunFolderError
from learner.supply import Batch
from learner.tally import ActorFigures, Tally


def _batch(rewards: tuple[float, ...] = (), lags: tuple[int, ...] = ()) -> Batch:
    return Batch((), (), {}, rewards, lags, waited_seconds=0.0)


def _train(step: int, **values: object) -> TrainRecord:
    given: dict[str, object] = {
        "step": step,
        "seconds": 1.0,
        "policy_version": 1,
        "loss": {"total": 2.5},
        "programs_per_second": 40.0,
        "idle_ratio": 0.25,
        **values,
    }
    return TrainRecord.from_json(given)


def test_a_record_is_the_mean_since_the_last_one():
    tally = Tally()
    tally.read_actors(ActorFigures(100, {"PASSED": 4}))
    tally.add(
        {"loss/total": 1.0, "loss/policy_gradient": float("nan"), "x": 9}, _batch((1.0,), (2,))
    )
    tally.add({"loss/total": 3.0, "loss/policy_gradient": 5.0}, _batch((0.0,), (4,)))
    tally.read_actors(ActorFigures(160, {"PASSED": 5, "INTERNAL": 1}))
    record = tally.record(2, 1.0, 7)
    assert record.loss == {"total": 2.0, "policy_gradient": 5.0}
    assert (record.reward_mean, record.policy_lag) == (0.5, 3.0)
    assert record.verdicts == {"PASSED": 1, "INTERNAL": 1}
    assert record.programs_per_second > 0
    later = tally.record(2, 1.0, 7)
    assert (later.loss, later.reward_mean, later.verdicts) == ({}, None, {})


def _shown(*records: TrainRecord | EvalRecord, terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120, color_system=None)
    display = Display(console, "demo")
    display.watch(lambda: (0.5, 61.0))
    for record in records:
        if isinstance(record, TrainRecord):
            display.on_train(record)
        else:
            display.on_evaluation(record)
    display.close()
    return out.getvalue()


def test_without_a_terminal_a_record_is_a_line_and_ten_seconds_are_quiet():
    text = _shown(_train(1, reward_mean=0.5), _train(2), terminal=False)
    assert text.splitlines() == [
        "demo: step 1, loss 2.5, reward 0.5, passed –, 40 programs/s, idle 25 %, lag –, 1:01 left"
    ]


def test_the_panel_shows_what_there_is_to_know_and_keeps_what_actors_said():
    result = EvaluationResult(
        pass_at={"10": 0.5},
        pass_at_by_stage={},
        scored_tasks={"10": 1},
        tasks=(),
        verdicts={},
        violations=0,
        internal=0,
        samples=1,
        executed=1,
        seconds=1.0,
        programs_per_second=1.0,
        temperature=1.0,
        profile="core",
        max_actions=9,
    )
    evaluated = EvalRecord(2, 1.0, "heldout", "during", result)
    rollouts = _train(1, reward_mean=0.75, verdicts={"PASSED": 3, "TIME_LIMIT": 1})
    text = _shown(evaluated, rollouts, _train(2), terminal=True)
    for part in ("pass@10 50 %", "reward", "0.75", "PASSED 75 %", "idle 25 %", "1:01 left"):
        assert part in text


def test_a_second_run_of_a_name_gets_a_folder_of_its_own(tmp_path: Path):
    names = [RunFolder.create(tmp_path / "runs", "demo").name for _ in range(3)]
    assert names == ["demo", "demo-2", "demo-3"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(RunFolderError, match="demo"):
        RunFolder.create(tmp_path / "runs", "demo")


def test_resuming_forgets_later_records_and_a_torn_line(tmp_path: Path):
    folder = RunFolder.create(tmp_path, "demo")
    lines = [json.dumps({"step": step}) + "\n" for step in (1, 2, 3)]
    folder.metrics.write_text("".join(lines) + '{"step": 2, "torn')
    folder.truncate_metrics(2)
    assert folder.metrics.read_text() == "".join(lines[:2])
