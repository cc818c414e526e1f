"""The results of an ablation: means and intervals over seeds, as a table and as a picture."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matplotlib.figure import Figure

HEADLINE = "held-out nats per action"
# 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom; the last is kept for more.
_STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One setting with one seed."""

    setting: str
    seed: int
    steps: int
    seconds: float
    """Time of its updates."""
    parameters: int
    train_flops: int
    """See `policy.size`."""
    figures: dict[str, float]
    curve: tuple[tuple[float, float], ...]
    """(seconds, training loss in nats per action)."""
    machine: dict[str, object]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds; `half` is half of its 95 % t-interval, None where one seed gives none."""

    mean: float
    half: float | None
    seeds: int

    def __str__(self) -> str:
        return f"{self.mean:.4f}" + ("" if self.half is None else f" ± {self.half:.4f}")


@dataclass(frozen=True)
class Line:
    """One figure of one setting."""

    setting: str
    figure: str
    value: Estimate
    difference: Estimate | None
    """To the first setting, seed by seed; None for itself and where no seed is in both."""


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and 95 % t-interval. Raises StatisticsError without values."""
    mean, count = statistics.fmean(values), len(values)
    if count < 2:
        return Estimate(mean, None, count)
    quantile = _STUDENT[min(count - 1, len(_STUDENT)) - 1]
    return Estimate(mean, quantile * statistics.stdev(values) / math.sqrt(count), count)


def compare(cells: Sequence[Cell], settings: Sequence[str]) -> list[Line]:
    """Estimate every figure of every setting that has cells, in the settings' order."""
    by = {(cell.setting, cell.seed): cell for cell in cells}
    names = list(dict.fromkeys(name for cell in cells for name in cell.figures))
    return [
        line
        for name in names
        for setting in settings
        if (line := _line(by, settings[0], setting, name)) is not None
    ]


def _line(by: dict[tuple[str, int], Cell], first: str, setting: str, name: str) -> Line | None:
    values = {
        at: {seed: c.figures[name] for (s, seed), c in by.items() if s == at and name in c.figures}
        for at in (first, setting)
    }
    mine, base = values[setting], values[first]
    if not mine:
        return None
    pairs = [mine[seed] - base[seed] for seed in mine if seed in base]
    difference = estimate(pairs) if pairs and setting != first else None
    return Line(setting, name, estimate(list(mine.values())), difference)


def write_tables(cells: Sequence[Cell], settings: Sequence[str], out: Path) -> str:
    """Write table.md, results.json and headline.svg into `out`; return the table's text."""
    lines = compare(cells, settings)
    text = _markdown(cells, settings, lines)
    (out / "table.md").write_text(text)
    results = {"lines": [asdict(line) for line in lines], "cells": [asdict(c) for c in cells]}
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    _draw(cells, settings, out / "headline.svg")
    return text


def _markdown(cells: Sequence[Cell], settings: Sequence[str], lines: Sequence[Line]) -> str:
    parts = [f"Means over seeds with 95 % t-intervals; differences to {settings[0]!r} by seed.\n"]
    columns = "setting | seeds | steps | seconds | ms a step | parameters | MFLOP a row"
    parts += [f"| {columns} |", "|---" * 7 + "|"]
    for setting in settings:
        mine = [cell for cell in cells if cell.setting == setting]
        if mine:
            steps = statistics.fmean(cell.steps for cell in mine)
            seconds = statistics.fmean(cell.seconds for cell in mine)
            flops = mine[0].train_flops / 1e6
            parts.append(
                f"| {setting} | {len(mine)} | {steps:.0f} | {seconds:.1f} | "
                f"{1000 * seconds / steps:.0f} | {mine[0].parameters:,} | {flops:.0f} |"
            )
    for name in dict.fromkeys(line.figure for line in lines):
        parts += [f"\n| {name} | mean | difference |", "|---" * 3 + "|"]
        parts += [
            f"| {line.setting} | {line.value} | {line.difference or ''} |"
            for line in lines
            if line.figure == name
        ]
    return "\n".join(parts) + "\n"


def _draw(cells: Sequence[Cell], settings: Sequence[str], path: Path) -> None:
    """Every seed a dot, every mean a bar with its interval; the best stands wherever it stands."""
    lines = [line for line in compare(cells, settings) if line.figure == HEADLINE]
    figure = Figure(figsize=(8, 1 + 0.4 * len(lines)), layout="constrained")
    axes = figure.subplots()
    for place, line in enumerate(lines):
        values = [c.figures[HEADLINE] for c in cells if c.setting == line.setting]
        axes.plot(values, [place] * len(values), "o", color="tab:blue", alpha=0.5)
        axes.errorbar(line.value.mean, place, xerr=line.value.half, fmt="k|", capsize=4)
    axes.set_yticks(range(len(lines)), [line.setting for line in lines])
    axes.invert_yaxis()
    axes.set_xlabel(f"{HEADLINE} (less is better)")
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(path)
