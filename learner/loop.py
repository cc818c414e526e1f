"""The train loop: take a batch, update, publish; evaluate, checkpoint and report on the way.

    loop = TrainLoop(config, parts, observers)
    loop.run()

`run` is `while not ended: step()`. What watches it is an `Observer`; what it trains with is a
`Backend`; where rows come from is a `Supply`. The loop knows neither Ray nor Redis nor the sandbox.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from evaluation.records import EvalRecord, EvaluationResult, Phase, Split
from learner.backend import Backend
from learner.metrics import LearnerMetrics
from learner.observers import Observer
from learner.run_config import RunConfig
from learner.supply import Supply
from learner.tally import ActorFigures, Tally

Weights = Mapping[str, Tensor]


@dataclass
class Progress:
    """Where a run is; a checkpoint saves it. `seconds` is training time."""

    step: int = 0
    seconds: float = 0.0
    policy_version: int = 0


class Services(Protocol):
    """What the loop asks of the rest of the run."""

    def publish(self, version: int, weights: Weights) -> None:
        """Make weights available to the actors."""

    def evaluate(
        self, weights: Weights, split: Split, phase: Phase, most_tasks: int, step: int
    ) -> EvaluationResult | None:
        """Measure the policy on tasks of a split; None where it has none, or when stopped.

        During training an evaluation that can't be made is left out: None.
        """

    def checkpoint(self, progress: Progress) -> None:
        """Save everything that training goes on from."""

    def poll(self) -> ActorFigures:
        """Look after the actors (a dead one is replaced) and read what they counted."""

    def rollouts(self, running: bool) -> None:
        """Start or stop the actors."""


class TrainLoop:
    """One run, from the evaluation before it to the one after it.

    `stop` ends it after the step under way, with a checkpoint; the last evaluation is left out.
    """

    def __init__(
        self,
        config: RunConfig,
        publish_every_steps: int,
        backend: Backend,
        supply: Supply,
        services: Services,
        observers: Sequence[Observer],
        metrics: LearnerMetrics,
        stop: threading.Event,
        progress: Progress,
        note: Callable[[str], None],
    ) -> None:
        self._config = config
        self._publish_every = publish_every_steps
        self._backend = backend
        self._supply = supply
        self._services = services
        self._observers = (*observers, metrics)
        self._metrics = metrics
        self._stop = stop
        self._note = note
        self._tally = Tally()
        self._started = 0.0
        self._seconds_before = progress.seconds
        self._due = _Due(config)
        self.progress = progress

    def run(self) -> None:
        """Train until the configured end or until `stop` is set."""
        if self.progress.step == 0:
            self._evaluate("before", self._config.final_tasks)
        self._train()
        if not self._stop.is_set():
            self._evaluate("after", self._config.final_tasks)

    def remaining(self) -> tuple[float, float | None]:
        """Share of the run that is done, and the seconds left (None while nobody can know)."""
        seconds, step = self._elapsed(), self.progress.step
        shares = [seconds / self._config.max_seconds] if self._config.max_seconds else []
        shares += [step / self._config.max_steps] if self._config.max_steps else []
        done = min(1.0, max(shares))
        return done, seconds / done - seconds if done > 0 else self._config.max_seconds

    def _train(self) -> None:
        self._note("training")
        self._publish()
        self._services.rollouts(running=True)
        self._started = time.monotonic()
        self._due.restart(self._started)
        self._tally.read_actors(self._services.poll())
        try:
            while not self._ended():
                self.step()
        finally:
            self._services.rollouts(running=False)
            self.progress.seconds = self._elapsed()
            self._started = 0.0
            if self._tally.steps:
                self._record()
            self._services.checkpoint(self.progress)

    def step(self) -> None:
        """One update and whatever is due after it."""
        batch = self._supply.next()
        if batch is None:
            self._do_what_is_due()
            return
        began = time.monotonic()
        figures = self._backend.update(batch.shards)
        self._metrics.on_step(time.monotonic() - began, batch.rows)
        self._supply.trained(batch)
        self.progress.step = self._backend.steps
        self._tally.add(figures, batch)
        if self.progress.step % self._publish_every == 0:
            self._publish()
        self._do_what_is_due()

    def _do_what_is_due(self) -> None:
        now = time.monotonic()
        self.progress.seconds = self._elapsed()
        if self._due.record(now):
            self._tally.read_actors(self._services.poll())
            self._record()
        if self._due.evaluation(now):
            self._evaluate("during", self._config.evaluate_tasks)
        if self._due.checkpoint(now):
            self._services.checkpoint(self.progress)

    def _publish(self) -> None:
        self.progress.policy_version += 1
        self._supply.policy_version = self.progress.policy_version
        self._services.publish(self.progress.policy_version, self._backend.weights())

    def _record(self) -> None:
        record = self._tally.record(
            self.progress.step, self._elapsed(), self.progress.policy_version
        )
        for observer in self._observers:
            observer.on_train(record)

    def _evaluate(self, phase: Phase, most_tasks: int) -> None:
        splits: tuple[Split, ...] = ("heldout", "heldout_families")
        for split in splits:
            if self._stop.is_set():
                return
            self._note(f"evaluating {phase} training, {split}")
            result = self._services.evaluate(
                self._backend.weights(), split, phase, most_tasks, self.progress.step
            )
            if result is None:
                continue
            record = EvalRecord(self.progress.step, self._elapsed(), split, phase, result)
            for observer in self._observers:
                observer.on_evaluation(record)
        self._note("training" if phase == "during" else phase)

    def _elapsed(self) -> float:
        running = time.monotonic() - self._started if self._started else 0.0
        return (self._seconds_before if self._started else self.progress.seconds) + running

    def _ended(self) -> bool:
        most_seconds, most_steps = self._config.max_seconds, self._config.max_steps
        return (
            self._stop.is_set()
            or (most_seconds is not None and self._elapsed() >= most_seconds)
            or (most_steps is not None and self.progress.step >= most_steps)
        )


class _Due:
    """When the next record, evaluation and checkpoint are due."""

    def __init__(self, config: RunConfig) -> None:
        self._every = {
            "record": config.record_every_seconds,
            "evaluation": config.evaluate_every_seconds,
            "checkpoint": config.checkpoint_every_seconds,
        }
        self._last = dict.fromkeys(self._every, 0.0)

    def restart(self, now: float) -> None:
        self._last = dict.fromkeys(self._every, now)

    def record(self, now: float) -> bool:
        return self._is_due("record", now)

    def evaluation(self, now: float) -> bool:
        return self._is_due("evaluation", now)

    def checkpoint(self, now: float) -> bool:
        return self._is_due("checkpoint", now)

    def _is_due(self, what: str, now: float) -> bool:
        every = self._every[what]
        if every is None or now - self._last[what] < every:
            return False
        self._last[what] = now
        return True
