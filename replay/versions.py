"""The policy's weights, by version: the learner publishes, actors fetch the newest."""

from __future__ import annotations

from typing import cast

import redis
from redis.exceptions import WatchError

from replay.buffer import run_key
from replay.connection import Connection
from replay.interface import StaleVersion


class WeightsStore:
    """One blob under a version that only grows, for the whole life of a run.

    The version outlives every process, so a learner that resumes from an older checkpoint goes on
    above `latest_version`, and no trajectory is taken for newer than it is.
    """

    def __init__(self, connection: Connection, run: str) -> None:
        self._connection = connection
        self._version_key = run_key(run, "weights-version")
        self._prefix = run_key(run, "weights:")

    def publish(self, version: int, blob: bytes) -> None:
        """Make `blob` (safetensors, at most 512 MiB) the newest; the one before is deleted.

        Raises:
            StaleVersion: `version` is not above the latest.
            RedisUnavailable: the server stayed away for longer than the configured time.

        """
        self._connection.call(lambda client, retry: self._publish(client, version, blob, retry))

    def latest_version(self) -> int:
        """Return the newest published version; 0 when there was none."""
        return self._connection.call(lambda client, _: self._latest(client))

    def fetch(self, newer_than: int) -> tuple[int, bytes] | None:
        """Return the newest version and its blob; None when it is not above `newer_than`."""
        while True:
            version = self.latest_version()
            if version <= newer_than:
                return None
            blob = self._read(version)
            if blob is not None:  # else a newer one replaced it in between
                return version, blob

    def _read(self, version: int) -> bytes | None:
        blob = self._connection.call(lambda client, _: client.get(self._blob(version)))
        return cast("bytes | None", blob)

    def _blob(self, version: int) -> str:
        return f"{self._prefix}{version}"

    def _latest(self, client: redis.Redis) -> int:
        return int(cast("bytes | None", client.get(self._version_key)) or 0)

    def _publish(self, client: redis.Redis, version: int, blob: bytes, retry: bool) -> None:
        with client.pipeline() as pipe:
            pipe.watch(self._version_key)  # type: ignore[no-untyped-call]
            latest = int(cast("bytes | None", pipe.get(self._version_key)) or 0)
            if retry and latest == version:
                return  # ours: it was stored before the reply was lost
            if version <= latest:
                raise StaleVersion(
                    f"weights version {version} is not above the latest, {latest}: "
                    "go on from WeightsStore.latest_version()"
                )
            pipe.multi()
            pipe.set(self._blob(version), blob)
            pipe.set(self._version_key, version)
            pipe.unlink(self._blob(latest))
            try:
                pipe.execute()
            except WatchError:
                raise StaleVersion(
                    f"another learner of this run published while version {version} was written"
                ) from None
