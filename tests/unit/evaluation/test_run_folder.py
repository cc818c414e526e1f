"""Records on disk."""

import json
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import run_folder
from evaluation.records import RecordError, SampleRecord, TrainRecord


def train(step: int, **changes: object) -> TrainRecord:
    values: dict[str, Any] = {
        "step": step,
        "seconds": step / 2,
        "policy_version": step,
        "loss": {"total": 1.5},
        "programs_per_second": 10.0,
        "idle_ratio": 0.25,
    }
    return TrainRecord(**(values | changes))


def test_what_is_appended_is_read(tmp_path):
    sample = SampleRecord(3, "loops/a/1", "loops", "Sum\u2028 it.", "return 1\n", "PASSED", 4, 4)
    run_folder.append(tmp_path, train(1))
    run_folder.append(tmp_path, train(2, verdicts={"PASSED": 1, "WRONG_ANSWER": 3}))
    run_folder.append(tmp_path, sample)
    run = run_folder.read_run(tmp_path)
    assert [record.step for record in run.train] == [1, 2]
    assert run.samples == (sample,)
    assert (run.info, run.config, run.evals) == (None, None, ())


def test_a_number_that_is_not_finite_is_null_in_the_file(tmp_path):
    run_folder.append(tmp_path, train(1, loss={"total": nan}))
    text = (tmp_path / run_folder.METRICS_FILE).read_text()
    assert json.loads(text, parse_constant=pytest.fail)["loss"] == {"total": None}
    assert run_folder.read_run(tmp_path).train[0].loss == {"total": None}


def test_a_line_that_is_still_being_written_is_left_for_later(tmp_path):
    run_folder.append(tmp_path, train(1))
    with (tmp_path / run_folder.METRICS_FILE).open("a") as file:
        file.write('{"kind": "tra')
    assert len(run_folder.read_run(tmp_path).train) == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON"),
        ("[]", '"kind" must be "train" or "eval", got None'),
        ('{"kind": "train"}', "TrainRecord: step: Field required"),
    ],
)
def test_a_line_that_is_no_record_is_named(tmp_path, line, problem):
    (tmp_path / run_folder.METRICS_FILE).write_text(line + "\n")
    with pytest.raises(RecordError) as raised:
        run_folder.read_run(tmp_path)
    assert f"metrics.jsonl:1: {problem}" in str(raised.value)


def test_a_torn_record_of_the_run_is_named(tmp_path):
    run_folder.append(tmp_path, train(1))
    (tmp_path / run_folder.RUN_FILE).write_text('{"name": "demo", "st')
    with pytest.raises(RecordError, match=r"run\.json: not JSON"):
        run_folder.read_run(tmp_path)


def test_a_folder_without_metrics_is_no_run(tmp_path):
    with pytest.raises(RecordError, match="not a run folder"):
        run_folder.read_run(tmp_path)


@given(st.dictionaries(st.sampled_from(["PASSED", "INTERNAL", "TIME_LIMIT"]), st.integers(0, 9)))
def test_the_pass_rate_is_over_what_the_sandbox_judged(verdicts):
    rate = train(1, verdicts=verdicts).pass_rate
    judged = verdicts.get("PASSED", 0) + verdicts.get("TIME_LIMIT", 0)
    assert rate == (verdicts.get("PASSED", 0) / judged if judged else None)
