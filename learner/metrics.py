"""The learner's metrics for Prometheus."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from evaluation.records import EvalRecord, TrainRecord

_STEP_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class LearnerMetrics:
    """An observer of the train loop that also takes every step: `treewright_learner_*`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._steps = Counter("treewright_learner_steps", "Train steps done.", registry=registry)
        self._rows = Counter(
            "treewright_learner_rows", "Rows trained on.", ["kind"], registry=registry
        )
        self._step_seconds = Histogram(
            "treewright_learner_step_seconds",
            "Duration of an update, without the wait for its rows.",
            buckets=_STEP_SECONDS,
            registry=registry,
        )
        self._loss = Gauge(
            "treewright_learner_loss", "Terms of the objective.", ["term"], registry=registry
        )
        self._reward_mean = Gauge(
            "treewright_learner_reward_mean", "Mean reward of the rollouts.", registry=registry
        )
        self._idle_ratio = Gauge(
            "treewright_learner_idle_ratio",
            "Share of time that the learner waited for rows.",
            registry=registry,
        )
        self._policy_version = Gauge(
            "treewright_learner_policy_version", "Newest published version.", registry=registry
        )
        self._pass_rate = Gauge(
            "treewright_learner_pass_rate",
            "pass@k of the last evaluation.",
            ["split", "k"],
            registry=registry,
        )

    def on_step(self, seconds: float, rows: Mapping[str, int]) -> None:
        """Count one update: its duration and its rows by kind."""
        self._steps.inc()
        self._step_seconds.observe(seconds)
        for kind, number in rows.items():
            self._rows.labels(kind=kind).inc(number)

    def on_train(self, record: TrainRecord) -> None:
        """Show the newest record."""
        for term, value in record.loss.items():
            if value is not None:
                self._loss.labels(term=term).set(value)
        if record.reward_mean is not None:
            self._reward_mean.set(record.reward_mean)
        self._idle_ratio.set(record.idle_ratio)
        self._policy_version.set(record.policy_version)

    def on_evaluation(self, record: EvalRecord) -> None:
        """Show the pass rates of a split."""
        for k, rate in record.result.pass_at.items():
            if rate is not None:
                self._pass_rate.labels(split=record.split, k=k).set(rate)

    def close(self) -> None:
        """Leave the registry to its owner."""
