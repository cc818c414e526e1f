"""A run and a checkpoint as text."""

import io

import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from evaluation import run_folder
from evaluation.inspect import checkpoint_summary, run_summary, sparkline


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
    assert any("└── BinOp //" in line for line in lines)


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
