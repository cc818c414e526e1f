"""A sandbox server of one's own, for as long as a `with` block."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sandbox.backend import import_path
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxUnavailable, ServerError
from sandbox.security import TOKEN_VARIABLE, Tls, token_of

_STOP_SECONDS = 15.0
_OURS = "the sandbox that was started here"


class LocalServer:
    """Starts a server process on a free loopback port; stops it and leaves nothing behind.

    The server ends by itself when this process does, even when it is killed.
    """

    def __init__(self, config: SandboxConfig | None = None) -> None:
        """`config`: its host and port are ignored; the address is `target`, once started."""
        given = config or SandboxConfig()
        self._config = dataclasses.replace(given, host="127.0.0.1", port=0)
        self.target = ""
        self.tier = ""
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> subprocess.Popen[str]:
        """The server's process, while it is started."""
        assert self._process is not None
        return self._process

    def errors(self) -> str:
        """Return what the server has written to its standard error."""
        self._errors.seek(0)
        return self._errors.read()

    def ended(self) -> str | None:
        """Say how the server ended by itself; None while it runs, and once it was stopped."""
        process = self._process
        code = None if process is None else process.poll()
        if code is None:
            return None
        if code < 0:
            return f"{_OURS} was killed by {signal.Signals(-code).name}"
        said = self.errors().strip().splitlines()[-1:]
        return ": ".join([f"{_OURS} ended with status {code}", *said])

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Return the command that starts the server, and its environment."""
        return [sys.executable, "-m", "sandbox.server"], _environment()

    def start(self) -> Self:
        """Start and wait until it serves.

        Raises:
            ServerError: it can't.

        """
        command, environment = self.command()
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by stop()
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._config.to_json() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(_STOP_SECONDS)
            reason = self.errors().strip() or "it ended without a word"
            self.stop()
            raise ServerError(reason)
        said = json.loads(line)
        self.target, self.tier = said["target"], said["tier"]
        return self

    def stop(self) -> None:
        """Stop the server and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()  # type: ignore[union-attr]
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()  # type: ignore[union-attr]
        self._errors.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _environment() -> dict[str, str]:
    """Return ours, but for the token of other servers."""
    ours = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
    return {**ours, "PYTHONPATH": import_path()}


@dataclass(frozen=True, slots=True)
class Access:
    """All that a client needs to reach a server; small enough to send to other processes."""

    target: str
    token: str | None = field(default=None, repr=False)
    tls: Tls = field(default_factory=Tls)

    def client(
        self, timeout_seconds: float = 60.0, ended: Callable[[], str | None] | None = None
    ) -> SandboxClient:
        """Return a client, to be closed by who asked for it; `ended`: see `SandboxClient`.

        Raises:
            ConfigError: a certificate's file that can't be read.

        """
        return SandboxClient(self.target, self.token, timeout_seconds, self.tls, ended)


@dataclass(frozen=True, slots=True)
class Reached:
    """A server to be reached, a client of it, and whether it can still answer."""

    access: Access
    client: SandboxClient
    ended: Callable[[], str | None] = lambda: None
    """How the server ended, where it is known to have: nobody will bring it back."""

    def check(self) -> None:
        """Raise SandboxUnavailable where the server has ended."""
        if reason := self.ended():
            raise SandboxUnavailable(reason)


@contextlib.contextmanager
def reach(config: SandboxConfig) -> Iterator[Reached]:
    """Yield the configured server, or one started here for the purpose, with a client of it.

    Raises:
        ServerError: none can be started here.
        ConfigError: a file with the token or a certificate that can't be read.

    """
    if config.target is not None:
        access = Access(config.target, token_of(config), Tls.of(config))
        with access.client() as client:
            yield Reached(access, client)
        return
    # Our own server listens on the loopback address only, where no certificate is for it.
    private = dataclasses.replace(config, tls_certificate=None, tls_key=None, tls_ca=None)
    with LocalServer(private) as server:
        access = Access(server.target, token_of(private))
        with access.client(ended=server.ended) as client:
            yield Reached(access, client, server.ended)


@contextlib.contextmanager
def connect(config: SandboxConfig) -> Iterator[SandboxClient]:
    """Yield a client of the configured server, or of one started for the purpose.

    Raises:
        SandboxError: see `reach`.

    """
    with reach(config) as reached:
        yield reached.client
