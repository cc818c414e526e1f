"""Means, intervals and paired differences of an ablation, and what is written of them."""

import json
import statistics
from pathlib import Path

import pytest

from treewright.ablation_table import HEADLINE, Cell, compare, estimate, write_tables


def cell(setting: str, seed: int, value: float) -> Cell:
    return Cell(setting, seed, 10, 1.5, 1000, 2_000_000, {HEADLINE: value}, ((0.1, 5.0),), {})


CELLS = [
    cell("base", 1, 1.0), cell("base", 2, 3.0), cell("base", 3, 2.0),
    cell("other", 1, 1.5), cell("other", 2, 3.6), cell("other", 3, 2.4),
    cell("late", 9, 7.0),
]  # fmt: skip


def test_the_interval_is_student_s():
    found = estimate([1.0, 2.0, 3.0])
    assert found.mean == 2.0
    assert found.half == pytest.approx(4.303 / 3**0.5)  # deviation 1, two degrees of freedom
    assert estimate([4.0]).half is None


def test_differences_pair_seeds():
    """The seeds differ far more than the settings do: only the paired interval sees it."""
    base, other, late = compare(CELLS, ("base", "other", "late"))
    assert base.difference is None
    assert other.difference is not None
    assert other.value.half is not None
    assert other.difference.half is not None
    assert other.difference.mean == pytest.approx(0.5)
    expected = 4.303 * statistics.stdev([0.5, 0.6, 0.4]) / 3**0.5
    assert other.difference.half == pytest.approx(expected)
    assert other.difference.half < other.value.half / 5
    assert late.difference is None  # no seed of the first setting


def test_settings_without_results_are_left_out():
    assert [line.setting for line in compare(CELLS[:3], ("base", "other"))] == ["base"]


def test_table_results_and_picture_are_written(tmp_path: Path):
    text = write_tables(CELLS, ("base", "other", "late"), tmp_path)
    assert (tmp_path / "table.md").read_text() == text
    assert "| other | 3 | 10 | 1.5 | 150 | 1,000 | 2 |" in text
    assert "| other | 2.5000 ± " in text
    assert "| 0.5000 ± 0.2484 |" in text
    results = json.loads((tmp_path / "results.json").read_text())
    assert len(results["cells"]) == len(CELLS)
    assert "<svg" in (tmp_path / "headline.svg").read_text()
