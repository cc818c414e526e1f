"""A run and a checkpoint as text."""

import io

import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from evaluation import run_folder
from evaluation.inspect import checkpoint_summary, run_summary, sparkline
from evaluation.records import EditRecord, SampleRecord


def printed(renderable: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=120).print(renderable)
    return out.getvalue()


def test_a_run_shows_rates_curves_verdicts_and_programs(make_run):
    text = printed(run_summary(make_run()))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "Held-out parameters, pass@10 all 20 20.0% 100.0%" in lines
    assert any(line.startswith("Mean reward ▁") and "→ 1.294" in line for line in lines)
    assert any("wrong answer 59.2%" in line for line in lines)
    assert "precision: learner float32, actors bfloat16" in lines
    assert any("└── BinOp //" in line for line in lines)


def test_an_edited_program_shows_each_edit_and_what_the_examples_said(tmp_path):
    (tmp_path / run_folder.METRICS_FILE).write_text("")
    first, last = "def f(n):\n    return n\n", "def f(n):\n    return n + 1\n"
    edits = (EditRecord("", first, 1, 3), EditRecord("/body/0/value", last, 3, 3))
    run_folder.append(
        tmp_path, SampleRecord(3, "t/1", "loops", "Next.", last, "PASSED", 4, 4, edits)
    )
    text = printed(run_summary(run_folder.read_run(tmp_path)))
    shown = [line.strip("│ ") for line in text.splitlines()]
    assert "edit 1 of the whole program: 1 of 3 examples" in shown
    at = shown.index("edit 2 at /body/0/value: 3 of 3 examples")
    assert shown[at + 1 :][3:6] == ["def f(n):", "-    return n", "+    return n + 1"]


def test_a_run_that_has_just_started_says_so(tmp_path):
    (tmp_path / run_folder.METRICS_FILE).write_text("")
    assert "no evaluation recorded yet" in printed(run_summary(run_folder.read_run(tmp_path)))


def test_a_checkpoint_counts_its_numbers_by_part():
    tensors = {"model.a": torch.zeros(3, 4), "ema.a": torch.zeros(2), "model.b": torch.zeros(1)}
    text = printed(
        checkpoint_summary(
            "here",
            steps=1200,
            policy_version=3,
            grammar_version="g1",
            text_version="t1",
            tensors=tensors,
        )
    )
    assert "1,200" in text
    assert "g1" in text
    assert "t1" in text
    assert "13 numbers in 2 tensors" in text


@given(st.lists(st.floats(-1e9, 1e9), max_size=200), st.integers(1, 60))
def test_a_sparkline_is_as_wide_as_its_values_or_as_allowed(values, width):
    assert len(sparkline(values, width)) == min(width, len(values))


def test_a_sparkline_rises_with_its_values():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([5, 5]) == "▁▁"
