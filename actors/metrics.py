"""The actors' metrics for Prometheus, from what they added to the run's counters."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.pool import Pool, PoolState
from replay import RedisUnavailable, Replay

log = logging.getLogger(__name__)

_COUNTERS = {
    "programs": "Programs sampled.",
    "executed": "Programs run in the sandbox: equal samples of a task run once.",
    "trajectories": "Trajectories written to the replay.",
    "sample_seconds": "Time spent sampling.",
    "wait_seconds": "Time spent waiting for the sandbox, the learner or the replay.",
}
# Counter of `replay.stats` -> label.
_LABELLED = {
    "verdicts": ("verdict", "Verdicts of sampled programs."),
    "dropped": ("reason", "Episodes that gave no trajectory."),
    "stage_samples": ("stage", "Episodes with a known reward."),
    "stage_solved": ("stage", "Episodes whose last program passed every test."),
    "edits": ("edit", "Episodes that came to an edit; 1 is the first program."),
    "solved_at": ("edit", "Episodes that ended solved at an edit."),
}
_PREFIX = "treewright_actor_"


class ActorCollector(Collector):
    """Asks Redis at each scrape; a server that is away leaves its metrics out."""

    def __init__(self, replay: Replay, pool: Pool) -> None:
        self._replay = replay
        self._pool = pool

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without asking Redis."""
        return [*_pool_metrics(PoolState(0, 0)), *_counters({}), _policy_lag(None)]

    def collect(self) -> Iterable[Metric]:
        """Read the metrics."""
        families = _pool_metrics(self._pool.state)
        try:
            numbers = self._replay.counters.read()
            latest = self._replay.weights.latest_version()
        except RedisUnavailable as error:
            log.debug("no actor metrics: %s", error)
            return families
        return [*families, *_counters(numbers), _policy_lag(policy_lag(numbers, latest))]


def policy_lag(numbers: Mapping[str, float], latest_version: int) -> float:
    """Return by how many versions the actor with the oldest weights is behind."""
    held = [value for name, value in numbers.items() if name.startswith("policy_version:")]
    return latest_version - min(held) if held else 0.0


def _policy_lag(lag: float | None) -> Metric:
    text = "Versions that the actor with the oldest weights is behind."
    return GaugeMetricFamily(f"{_PREFIX}policy_lag", text, lag)


def _pool_metrics(state: PoolState) -> list[Metric]:
    return [
        GaugeMetricFamily(f"{_PREFIX}alive", "Actors that run.", state.alive),
        CounterMetricFamily(f"{_PREFIX}restarts", "Actors started again.", state.restarts),
    ]


def _counters(numbers: Mapping[str, float]) -> list[Metric]:
    families: list[Metric] = [
        CounterMetricFamily(f"{_PREFIX}{name}", text, numbers.get(name))
        for name, text in _COUNTERS.items()
    ]
    for name, (label, text) in _LABELLED.items():
        family = CounterMetricFamily(f"{_PREFIX}{name}", text, labels=[label])
        for key, value in numbers.items():
            if key.startswith(f"{name}:"):
                family.add_metric([key.removeprefix(f"{name}:")], value)
        families.append(family)
    return families
