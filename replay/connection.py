"""One connection to Redis that rides out a restart and never shows its password."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ConnectionError,  # noqa: A004 -- redis-py's own, not the builtin
    RedisError,
    TimeoutError,  # noqa: A004 -- redis-py's own, not the builtin
)
from redis.retry import Retry

from replay.interface import RedisUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0
_SOCKET_SECONDS = 30.0
_OLDEST_SERVER = (6, 2)


def redact(url: str) -> str:
    """Strip a URL to what may be printed: scheme, host, port, path; no user, password or query."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


class Connection:
    """A thread-safe client; `call` repeats what a lost connection interrupted."""

    def __init__(
        self, url: str, connect_timeout_seconds: float, reconnect_timeout_seconds: float
    ) -> None:
        """Connect and check the server.

        Raises:
            RedisUnavailable: it does not answer, refuses us, is older than 6.2, or may evict keys.

        """
        self.where = redact(url)
        self._reconnect_timeout_seconds = reconnect_timeout_seconds
        self._lock = threading.Lock()
        self._away = False
        try:
            self.client = redis.Redis.from_url(
                url,
                socket_timeout=_SOCKET_SECONDS,
                socket_connect_timeout=min(_SOCKET_SECONDS, connect_timeout_seconds),
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise RedisUnavailable(f"replay.url {self.where} is no Redis URL: {error}") from None
        self._check_server(connect_timeout_seconds)

    def call(
        self, command: Callable[[redis.Redis, bool], T], timeout_seconds: float | None = None
    ) -> T:
        """Run `command(client, retry)` until the server answers it.

        `retry` is True when an earlier attempt may have run although its reply was lost: the
        command must then give the answer that was lost.

        Raises:
            RedisUnavailable: no answer for `timeout_seconds` (default: the configured time).

        """
        limit = self._reconnect_timeout_seconds if timeout_seconds is None else timeout_seconds
        deadline = time.monotonic() + limit
        pause = _FIRST_PAUSE_SECONDS
        retry = False
        while True:
            try:
                answer = command(self.client, retry)
            except (AuthenticationError, AuthorizationError) as error:
                raise RedisUnavailable(
                    f"Redis at {self.where} refuses us: {error}: check the password in replay.url"
                ) from None
            except (ConnectionError, TimeoutError) as error:
                if time.monotonic() + pause > deadline:
                    raise self._unavailable(error, limit) from None
                self._say_away(error, deadline - time.monotonic())
            else:
                self._say_back()
                return answer
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            retry = True

    def close(self) -> None:
        """Close the sockets; the server keeps everything."""
        self.client.close()

    def _unavailable(self, error: RedisError, seconds: float) -> RedisUnavailable:
        return RedisUnavailable(
            f"Redis at {self.where} did not answer for {seconds:g} s ({error}): start it, "
            "or correct replay.url"
        )

    def _say_away(self, error: RedisError, seconds: float) -> None:
        with self._lock:
            first, self._away = not self._away, True
        if first:
            log.warning("Redis at %s is away (%s): trying for %.0f s", self.where, error, seconds)

    def _say_back(self) -> None:
        if not self._away:
            return
        with self._lock:
            first, self._away = self._away, False
        if first:
            log.warning("Redis at %s is back", self.where)

    def _check_server(self, timeout_seconds: float) -> None:
        server = self.call(lambda client, _: client.info("server"), timeout_seconds)
        memory = self.call(lambda client, _: client.info("memory"), timeout_seconds)
        version = str(server["redis_version"])
        if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_SERVER:
            raise RedisUnavailable(f"Redis at {self.where} is {version}: 6.2 or newer is needed")
        policy = memory.get("maxmemory_policy", "noeviction")
        if policy != "noeviction" and memory.get("maxmemory"):
            raise RedisUnavailable(
                f"Redis at {self.where} has maxmemory-policy {policy}, which would drop "
                "trajectories: set it to noeviction"
            )
