"""What the user sees of a run: a live panel, or a line every ten seconds without a terminal."""

import time
from collections.abc import Callable
from dataclasses import replace

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table

from evaluation.records import EvalRecord, TrainRecord

SECONDS_BETWEEN_LINES = 10.0

Remaining = Callable[[], tuple[float, float | None]]
"""Gives the share of a run that is done and the seconds left (None: unknown)."""


class Display:
    """An observer that shows the newest records."""

    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._name = name
        self._remaining: Remaining = lambda: (0.0, None)
        self._train: TrainRecord | None = None
        self._rates: dict[str, tuple[EvalRecord, EvalRecord]] = {}
        self._note = "starting"
        self._last_line = 0.0
        self._live = Live(console=console, refresh_per_second=2, get_renderable=self._panel)
        if console.is_terminal:
            self._live.start()

    def watch(self, remaining: Remaining) -> None:
        """Take what tells how far the run is."""
        self._remaining = remaining

    def note(self, text: str) -> None:
        """Say what the run is doing just now."""
        self._note = text
        if not self._console.is_terminal:
            self._console.print(f"{self._name}: {text}", highlight=False, soft_wrap=True)

    def on_train(self, record: TrainRecord) -> None:
        """Take the newest numbers; what the actors did not say meanwhile stays as it was."""
        self._train = record = _filled(record, self._train)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._console.print(self._line(record), highlight=False, soft_wrap=True)

    def on_evaluation(self, record: EvalRecord) -> None:
        """Take a split's newest pass rates, beside its first ones."""
        first = self._rates.get(record.split, (record, record))[0]
        self._rates[record.split] = (first, record)
        if not self._console.is_terminal:
            rates = _percentages(record)
            self._console.print(
                f"{self._name}: step {record.step}, {_words(record.split)} {rates} "
                f"({len(record.result.tasks)} tasks)",
                highlight=False,
                soft_wrap=True,
            )

    def close(self) -> None:
        """Leave the last panel on the screen and give the terminal back."""
        if self._console.is_terminal:
            self._live.stop()

    def _line(self, record: TrainRecord) -> str:
        _, left = self._remaining()
        parts = [
            f"{self._name}: step {record.step}",
            f"loss {_number(record.loss.get('total'))}",
            f"reward {_number(record.reward_mean)}",
            f"passed {_percent(record.pass_rate)}",
            f"{record.programs_per_second:.0f} programs/s",
            f"idle {_percent(record.idle_ratio)}",
            f"lag {_number(record.policy_lag)}",
            f"{_duration(left)} left",
        ]
        return ", ".join(parts)

    def _panel(self) -> Panel:
        done, left = self._remaining()
        bar = ProgressBar(total=1.0, completed=done)
        title = f"treewright · {self._name} · {self._note} · {_duration(left)} left"
        return Panel(Group(self._numbers(), bar), title=title, title_align="left")

    def _numbers(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(ratio=1)
        for split, (first, last) in self._rates.items():
            before = "" if first is last else f"  (before: {_percentages(first)})"
            table.add_row(_words(split), f"{_percentages(last)}{before}")
        record = self._train
        if record is not None:
            for name, value in _rows(record):
                table.add_row(name, value)
        return table


def _filled(record: TrainRecord, before: TrainRecord | None) -> TrainRecord:
    if before is None:
        return record
    return replace(
        record,
        reward_mean=before.reward_mean if record.reward_mean is None else record.reward_mean,
        policy_lag=before.policy_lag if record.policy_lag is None else record.policy_lag,
        verdicts=record.verdicts or before.verdicts,
    )


def _rows(record: TrainRecord) -> list[tuple[str, str]]:
    terms = "  ".join(f"{term} {_number(value)}" for term, value in record.loss.items())
    total = sum(record.verdicts.values())
    by_count = sorted(record.verdicts.items(), key=lambda item: -item[1])
    mix = "  ".join(f"{verdict} {_percent(count / total)}" for verdict, count in by_count)
    return [
        ("step", f"{record.step}  (policy version {record.policy_version})"),
        ("loss", terms),
        ("reward", f"{_number(record.reward_mean)}  ({_percent(record.pass_rate)} passed)"),
        ("verdicts", mix or "none yet"),
        ("rollouts", f"{record.programs_per_second:.0f} programs/s"),
        ("learner", f"idle {_percent(record.idle_ratio)}, policy lag {_number(record.policy_lag)}"),
    ]


def _percentages(record: EvalRecord) -> str:
    return ", ".join(f"pass@{k} {_percent(rate)}" for k, rate in record.result.pass_at.items())


def _words(split: str) -> str:
    return {"heldout": "held-out tasks", "heldout_families": "held-out families"}[split]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d}"
