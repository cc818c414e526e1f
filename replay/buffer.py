"""The trajectory store on Redis: `replay.interface` over the scripts of `replay.scripts`."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from typing import cast

from redis.exceptions import OutOfMemoryError, ResponseError

from replay.config import ReplayConfig
from replay.connection import Connection
from replay.interface import Leased, Reader, ReplayFull, Writer
from replay.scripts import ACKNOWLEDGE, APPEND, KEYS, LEASE, RECLAIM
from replay.v1.trajectory_pb2 import Trajectory

_FIRST_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.05
# One script call holds up every other client of the server: about a millisecond at this size.
_ENTRIES_A_CALL = 64


def run_key(run: str, name: str) -> str:
    """Name the Redis key of a run; the braces keep a run's keys in one cluster slot."""
    return f"treewright:{{{run}}}:{name}"


def _buffer_keys(run: str) -> list[str]:
    return [run_key(run, name) for name in KEYS]


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


class RedisWriter(Writer):
    """Appends to the buffer of one run."""

    def __init__(self, connection: Connection, config: ReplayConfig, run: str) -> None:
        self._connection = connection
        self._config = config
        self._keys = _buffer_keys(run)
        self._script = connection.client.register_script(APPEND)
        # Added to the run's total with the next append that gets through.
        self._uncounted_wait_seconds = 0.0

    def append(self, trajectory: Trajectory) -> bool:
        """See `Writer.append`."""
        return self.append_all([trajectory])[0]

    def append_all(self, trajectories: Sequence[Trajectory]) -> list[bool]:
        """See `Writer.append_all`."""
        entries = [self._entry(trajectory) for trajectory in trajectories]
        stored: list[bool] = []
        while len(stored) < len(entries):
            stored += self._wait_for_room(entries[len(stored) : len(stored) + _ENTRIES_A_CALL])
        return stored

    def _wait_for_room(self, entries: Sequence[tuple[str, bytes]]) -> list[bool]:
        """Append at least the first of `entries`."""
        deadline = time.monotonic() + self._config.append_timeout_seconds
        for pause in _pauses():
            answers = self._try(entries)
            if answers:
                self._uncounted_wait_seconds = 0.0
                return answers
            if time.monotonic() >= deadline:
                break
            time.sleep(pause)
            self._uncounted_wait_seconds += pause
        raise ReplayFull(
            f"replay is full ({self._config.max_entries} entries or {self._config.max_bytes} "
            f"bytes): nothing was acknowledged for {self._config.append_timeout_seconds:g} s"
        )

    def _entry(self, trajectory: Trajectory) -> tuple[str, bytes]:
        if not trajectory.id:
            raise ValueError("a trajectory needs an id: set Trajectory.id before appending it")
        data = trajectory.SerializeToString()
        if len(data) > self._config.max_bytes:
            raise ValueError(
                f"trajectory {trajectory.id} has {len(data)} bytes, more than replay.max_bytes "
                f"({self._config.max_bytes}) altogether"
            )
        return trajectory.id, data

    def _try(self, entries: Sequence[tuple[str, bytes]]) -> list[bool]:
        """Append in order as many as fit now."""
        config = self._config
        limits = [config.max_entries, config.max_bytes, int(config.dedupe_seconds * 1000)]
        pairs = [part for entry in entries for part in entry]
        waited = f"{self._uncounted_wait_seconds:.6f}"
        try:
            answers = self._connection.call(
                lambda _, retry: self._script(
                    keys=self._keys, args=[*limits, int(retry), waited, *pairs]
                )
            )
        except ResponseError as error:
            # The server's own memory limit: full, like any other limit. Redis 6.2 wraps the error.
            if isinstance(error, OutOfMemoryError) or "-OOM " in str(error):
                return []
            raise
        return [bool(answer) for answer in cast("list[int]", answers)]


class RedisReader(Reader):
    """Leases from the buffer of one run."""

    def __init__(self, connection: Connection, run: str) -> None:
        self._connection = connection
        self._keys = _buffer_keys(run)
        register = connection.client.register_script
        self._lease = register(LEASE)
        self._acknowledge = register(ACKNOWLEDGE)
        self._reclaim = register(RECLAIM)

    def lease(self, max_items: int, timeout_seconds: float) -> list[Leased]:
        """See `Reader.lease`."""
        if max_items < 1:
            raise ValueError(f"lease: max_items must be at least 1, not {max_items}")
        deadline = time.monotonic() + timeout_seconds
        for pause in _pauses():
            leased = self._try_lease(max_items)
            left = deadline - time.monotonic()
            if leased or left <= 0:
                return leased
            time.sleep(min(pause, left))
        raise AssertionError("the pauses never end")

    def acknowledge(self, entry_ids: Sequence[str]) -> int:
        """See `Reader.acknowledge`."""
        if not entry_ids:
            return 0
        answer = self._connection.call(
            lambda _, __: self._acknowledge(keys=self._keys, args=list(entry_ids))
        )
        return cast("int", answer)

    def reclaim(self, idle_seconds: float) -> int:
        """See `Reader.reclaim`."""
        idle_ms = int(idle_seconds * 1000)
        answer = self._connection.call(lambda _, __: self._reclaim(keys=self._keys, args=[idle_ms]))
        return cast("int", answer)

    def depth(self) -> int:
        """See `Reader.depth`."""
        return self._count("ready")

    def leased(self) -> int:
        """See `Reader.leased`."""
        return self._count("leased")

    def _try_lease(self, max_items: int) -> list[Leased]:
        token = uuid.uuid4().hex
        flat = cast(
            "list[bytes]",
            self._connection.call(
                lambda _, retry: self._lease(keys=self._keys, args=[token, max_items, int(retry)])
            ),
        )
        return [
            Leased(entry_id.decode(), Trajectory.FromString(data))
            for entry_id, data in zip(flat[::2], flat[1::2], strict=True)
        ]

    def _count(self, name: str) -> int:
        key = self._keys[KEYS.index(name)]
        return self._connection.call(lambda client, _: client.zcard(key))
