"""The front end's Prometheus metrics, in a registry of their own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from sandbox.types import Verdict
from sandbox.v1 import sandbox_pb2 as pb

_EDGES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)


class Metrics:
    """What the sandbox tells about itself; names are fixed by the dashboards."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._executions = Counter(
            "treewright_sandbox_executions_total",
            "Programs answered.",
            ["language", "verdict"],
            registry=self.registry,
        )
        self._violations = Counter(
            "treewright_sandbox_violations_total",
            "Programs that tried what is forbidden.",
            ["language"],
            registry=self.registry,
        )
        self._queue_seconds = Histogram(
            "treewright_sandbox_queue_seconds",
            "Time from acceptance to the first run.",
            ["language"],
            buckets=_EDGES,
            registry=self.registry,
        )
        self._run_seconds = Histogram(
            "treewright_sandbox_run_seconds",
            "Time on the clock that a program's runs took.",
            ["language"],
            buckets=_EDGES,
            registry=self.registry,
        )
        self._queue_depth = self._gauge("queue_depth", "Programs accepted and waiting for a slot.")
        self._busy = self._gauge("slots_busy", "Slots that run a program.")
        self.slots = self._gauge("slots", "Slots.")
        self._restarts = Counter(
            "treewright_sandbox_slot_restarts_total",
            "Jails that had to be replaced.",
            registry=self.registry,
        )
        self._restarts_seen = 0

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"treewright_sandbox_{name}", text, registry=self.registry)

    def answered(self, language: str, result: pb.Result) -> None:
        """Count one result."""
        verdict = pb.Verdict.Name(result.verdict)
        self._executions.labels(language, verdict).inc()
        if result.security_violation:
            self._violations.labels(language).inc()
        self._queue_seconds.labels(language).observe(result.queue_seconds)
        self._run_seconds.labels(language).observe(result.wall_seconds)

    def in_flight(self, programs: int, slots: int) -> None:
        """Note how many programs are in the server's hands."""
        self._busy.set(min(programs, slots))
        self._queue_depth.set(max(0, programs - slots))

    def restarts(self, total: int) -> None:
        """Note how many slots were rebooted since the start."""
        self._restarts.inc(total - self._restarts_seen)
        self._restarts_seen = total

    def preset(self, languages: tuple[str, ...]) -> None:
        """Show every series from the start, at zero."""
        for language in languages:
            self._violations.labels(language)
            self._queue_seconds.labels(language)
            self._run_seconds.labels(language)
            for verdict in set(Verdict) - {Verdict.REFUSED}:
                self._executions.labels(language, verdict.value)
