"""The server's Prometheus metrics: the dispatcher's statistics under the dashboards' names."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from sandbox.statistics import EDGES, Histogram, Statistics

_PREFIX = "treewright_sandbox_"
_PHASES = {
    "queue": "Time from acceptance to the first run.",
    "compile": "Time on the clock that compiling took.",
    "run": "Time on the clock that a program's runs took.",
}


class StatisticsCollector(Collector):
    """Asks for the statistics whenever Prometheus asks for the metrics."""

    def __init__(self, ask: Callable[[], Statistics]) -> None:
        self._ask = ask
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Name nothing in advance: registering must not ask yet."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        held = self._ask()
        executions = _counter("executions", "Programs answered.", ["language", "verdict"])
        violations = _counter("violations", "Programs that tried what is forbidden.", ["language"])
        for language, counts in held.languages.items():
            for verdict, count in counts.verdicts.items():
                executions.add_metric([language, verdict], count)
            violations.add_metric([language], counts.violations)
        refused = _counter("refused", "Programs that could not be run.", ["code"])
        for code, count in held.refused.items():
            refused.add_metric([code], count)
        restarts = _counter("slot_restarts", "Jails that had to be replaced.", [])
        restarts.add_metric([], held.restarts)
        yield from (executions, violations, refused, restarts)
        for phase, text in _PHASES.items():
            family = HistogramMetricFamily(f"{_PREFIX}{phase}_seconds", text, labels=["language"])
            for language, counts in held.languages.items():
                histogram: Histogram = getattr(counts, phase)
                family.add_metric([language], _buckets(histogram), histogram.total)
            yield family
        for name, text, value in (
            ("queue_depth", "Programs accepted and waiting for a slot.", held.waiting),
            ("slots_busy", "Slots that run a program.", held.busy),
            ("slots", "Slots.", held.slots),
        ):
            yield GaugeMetricFamily(_PREFIX + name, text, value=value)


def _counter(name: str, text: str, labels: list[str]) -> CounterMetricFamily:
    return CounterMetricFamily(_PREFIX + name, text, labels=labels)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return how many were at most each edge, as Prometheus counts."""
    sums, so_far = [], 0
    for edge, count in zip((*map(str, EDGES), "+Inf"), histogram.buckets, strict=True):
        so_far += count
        sums.append((edge, float(so_far)))
    return sums
