"""The policy's weights, by version: the learner publishes, actors fetch the newest."""

from __future__ import annotations

from typing import cast

from replay.buffer import run_key
from replay.connection import Connection
from replay.interface import StaleVersion

# ARGV: version, blob, retry. Returns the latest version where it refuses, else nothing. In a retry
# the latest may be ours, stored before the reply was lost.
_PUBLISH = """
local latest, version = tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1])
if ARGV[3] == '1' and latest == version then return nil end
if version <= latest then return latest end
redis.call('SET', KEYS[2] .. ARGV[1], ARGV[2])
redis.call('SET', KEYS[1], ARGV[1])
redis.call('UNLINK', KEYS[2] .. string.format('%.0f', latest))
return nil
"""


class WeightsStore:
    """One blob under a version that only grows, for the whole life of a run.

    The version outlives every process, so a learner that resumes from an older checkpoint goes on
    above `latest_version`, and no trajectory is taken for newer than it is.
    """

    def __init__(self, connection: Connection, run: str) -> None:
        self._connection = connection
        self._version_key = run_key(run, "weights-version")
        self._prefix = run_key(run, "weights:")
        self._script = connection.client.register_script(_PUBLISH)

    def publish(self, version: int, blob: bytes) -> None:
        """Make `blob` (safetensors, at most 512 MiB) the newest; the one before is deleted.

        Raises:
            StaleVersion: `version` is not above the latest.
            RedisUnavailable: the server stayed away for longer than the configured time.

        """
        keys = [self._version_key, self._prefix]
        latest = self._connection.call(
            lambda _, retry: self._script(keys=keys, args=[version, blob, int(retry)])
        )
        if latest is not None:
            raise StaleVersion(
                f"weights version {version} is not above the latest, {latest}: "
                "go on from WeightsStore.latest_version()"
            )

    def latest_version(self) -> int:
        """Return the newest published version; 0 when there was none."""
        latest = self._connection.call(lambda client, _: client.get(self._version_key))
        return int(cast("bytes | None", latest) or 0)

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
