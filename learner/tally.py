"""What happened between two records of a run: means of the losses, rates, shares of time."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluation.records import TrainRecord
from learner.supply import Batch


@dataclass(frozen=True)
class ActorFigures:
    """What all actors counted since the run began."""

    programs: float = 0.0
    verdicts: Mapping[str, float] = field(default_factory=dict)
    edits: Mapping[str, float] = field(default_factory=dict)
    """Episodes that came to each edit, by its number."""
    solved_at: Mapping[str, float] = field(default_factory=dict)
    """Episodes that ended solved, by their number of edits."""


class Tally:
    """Gathers what the loop does; `record` gives it as one record and starts anew."""

    def __init__(self) -> None:
        self._actors: ActorFigures | None = None
        self._actors_before: ActorFigures | None = None
        self._start()

    def _start(self) -> None:
        self._since = time.monotonic()
        self._waited = 0.0
        self.steps = 0
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._counts: Counter[str] = Counter()
        self._rewards: list[float] = []
        self._lags: list[int] = []
        self._actors_before = self._actors

    def add(self, figures: Mapping[str, float], batch: Batch) -> None:
        """Take one step's figures and the rewards and lags of its rollouts."""
        self.steps += 1
        self._waited += batch.waited_seconds
        for name, value in figures.items():
            if name.startswith("loss/") and value == value:  # NaN: no row had that term
                self._sums[name] += value
                self._counts[name] += 1
        self._rewards += batch.rewards
        self._lags += batch.lags

    def read_actors(self, figures: ActorFigures) -> None:
        """Take the actors' newest counts."""
        if self._actors is None:
            self._actors_before = figures
        self._actors = figures

    def record(self, step: int, seconds: float, policy_version: int) -> TrainRecord:
        """The record of everything since the last one."""
        wall = max(time.monotonic() - self._since, 1e-9)
        before, now = self._actors_before or ActorFigures(), self._actors or ActorFigures()
        record = TrainRecord(
            step=step,
            seconds=seconds,
            policy_version=policy_version,
            loss={
                name.removeprefix("loss/"): self._sums[name] / self._counts[name]
                for name in self._sums
            },
            programs_per_second=(now.programs - before.programs) / wall,
            idle_ratio=self._waited / wall,
            reward_mean=_mean(self._rewards),
            policy_lag=_mean(self._lags),
            verdicts=_gained(before.verdicts, now.verdicts),
            edits=_gained(before.edits, now.edits),
            solved_at=_gained(before.solved_at, now.solved_at),
        )
        self._start()
        return record


def _mean(values: list[float] | list[int]) -> float | None:
    return sum(values) / len(values) if values else None


def _gained(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, int]:
    """What counts rose by, where they did."""
    gained = {name: round(count - before.get(name, 0.0)) for name, count in now.items()}
    return {name: count for name, count in gained.items() if count}
