"""The buffer's metrics for Prometheus, read from Redis when Prometheus asks.

    REGISTRY.register(ReplayCollector(replay.connection, run))

The totals live in Redis and are changed by the very scripts that move entries, so they are exact,
agree with each other, and go on over restarts of anything.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import redis
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from replay.buffer import run_key
from replay.connection import Connection
from replay.interface import RedisUnavailable

log = logging.getLogger(__name__)

# A scrape must end before Prometheus gives up on it (10 s by default).
_SCRAPE_SECONDS = 2.0

_GAUGES = {
    "depth": "Trajectories that wait for the learner.",
    "leased": "Trajectories that the learner holds.",
    "bytes": "Size of both.",
    "redis_memory_bytes": "Memory of the Redis server.",
}
_COUNTERS = {
    "appended": "Trajectories stored.",
    "acknowledged": "Trajectories that the learner has done with and that were deleted.",
    "duplicates": "Trajectories refused because their id was stored before.",
    "reclaimed": "Leases taken back from readers that had died.",
    "append_wait_seconds": "Time that writers waited for room.",
}


@dataclass(frozen=True, slots=True)
class BufferState:
    """What the buffer holds and what has passed through it."""

    depth: int
    """Entries that wait for a reader."""
    leased: int
    """Entries that a reader holds."""
    bytes: int
    """Serialized size of both."""
    redis_memory_bytes: int
    """Memory of the whole server."""
    totals: dict[str, float]
    """appended, acknowledged, duplicates, reclaimed, append_wait_seconds; since the run began."""


def read_state(connection: Connection, run: str, timeout_seconds: float) -> BufferState:
    """Read everything at one moment.

    Raises:
        RedisUnavailable: no answer for `timeout_seconds`.

    """

    def ask(client: redis.Redis, _: bool) -> list[object]:
        with client.pipeline(transaction=True) as pipe:
            pipe.zcard(run_key(run, "ready"))
            pipe.zcard(run_key(run, "leased"))
            pipe.hgetall(run_key(run, "totals"))
            pipe.info("memory")
            return pipe.execute()

    depth, leased, fields, memory = connection.call(ask, timeout_seconds)
    totals = {
        name.decode(): float(value) for name, value in cast("dict[bytes, bytes]", fields).items()
    }
    return BufferState(
        depth=cast("int", depth),
        leased=cast("int", leased),
        bytes=int(totals.get("bytes", 0)),
        redis_memory_bytes=int(cast("dict[str, int]", memory)["used_memory"]),
        totals={name: totals.get(name, 0.0) for name in _COUNTERS},
    )


class ReplayCollector(Collector):
    """Asks Redis at each scrape; a server that is away leaves the metrics out."""

    def __init__(self, connection: Connection, run: str) -> None:
        self._connection = connection
        self._run = run

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without asking Redis."""
        return _families({})

    def collect(self) -> Iterable[Metric]:
        """Read the metrics."""
        try:
            state = read_state(self._connection, self._run, _SCRAPE_SECONDS)
        except RedisUnavailable as error:
            log.debug("no replay metrics: %s", error)
            return []
        gauges = {name: float(getattr(state, name)) for name in _GAUGES}
        return _families({**state.totals, **gauges})


def _families(values: Mapping[str, float]) -> list[Metric]:
    """Every metric; one without a value has no sample."""
    families: list[Metric] = [
        GaugeMetricFamily(f"treewright_replay_{name}", text, values.get(name))
        for name, text in _GAUGES.items()
    ]
    families += [
        CounterMetricFamily(f"treewright_replay_{name}", text, values.get(name))
        for name, text in _COUNTERS.items()
    ]
    return families
