"""The front end's handle on the dispatcher process."""

import asyncio
import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.config import SandboxConfig
from sandbox.errors import ServerError
from sandbox.link import Kind, Unframer, frame

_BUFFER_BYTES = 4 * 2**20
_STOP_SECONDS = 5.0

Done = Callable[[bytes | None], None]
"""Takes an answer; None: the dispatcher is gone."""


class Backend(asyncio.Protocol):
    """Sends batches to the dispatcher and hands its answers out."""

    def __init__(self, config: SandboxConfig) -> None:
        self._messages = Unframer()
        self._waiting: dict[int, Done] = {}
        self._last_ticket = 0
        self.host: dict[str, Any] = {}
        """What the dispatcher said of this host when it was ready."""
        self.gone = asyncio.Event()
        private = dataclasses.replace(config, token=None)  # a command line is no secret
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._ours = ours
        # Before gRPC starts any thread; the front end starts no other process.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.dispatcher", str(theirs.fileno()), private.to_json()],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": import_path()},
        )
        theirs.close()

    async def start(self) -> None:
        """Wait until every slot of Python is there.

        Raises:
            ServerError: no jail can be built here.

        """
        loop = asyncio.get_running_loop()
        started: asyncio.Future[tuple[Kind, bytes]] = loop.create_future()
        self._started = started
        self._transport, _ = await loop.create_connection(lambda: self, sock=self._ours)
        kind, body = await started
        if kind is not Kind.READY:
            await self.stop()
            raise ServerError(body.decode(errors="replace"))
        self.host = json.loads(body)

    def data_received(self, data: bytes) -> None:
        """Hand answers to who waits for them."""
        for kind, ticket, body in self._messages.feed(data):
            if not ticket:
                self._started.set_result((kind, body))
            elif (done := self._waiting.pop(ticket, None)) is not None:
                done(body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody that no answer will come."""
        if not self._started.done():
            ended = b"the dispatcher ended while it started"
            self._started.set_result((Kind.FAILED, ended))
        self.gone.set()
        waiting, self._waiting = self._waiting, {}
        for done in waiting.values():
            done(None)

    def submit(self, batch: bytes, done: Done) -> int:
        """Run a batch (an OpaqueStreamRequest); returns the ticket to cancel it with.

        Raises:
            ServerError: the dispatcher is gone.

        """
        return self._send(Kind.BATCH, batch, done)

    def _send(self, kind: Kind, body: bytes, done: Done) -> int:
        if self.gone.is_set():
            raise ServerError("the dispatcher is gone")
        self._last_ticket += 1
        self._waiting[self._last_ticket] = done
        self._transport.write(frame(kind, self._last_ticket, body))
        return self._last_ticket

    def cancel(self, ticket: int) -> None:
        """Give up a batch: what of it waits is not run, what runs is ended."""
        if self._waiting.pop(ticket, None) is not None:
            self._transport.write(frame(Kind.CANCEL, ticket))

    async def run(self, batch: bytes) -> bytes:
        """Run a batch and wait for its answer; cancelled with the caller.

        Raises:
            ServerError: the dispatcher is gone.

        """
        return await self._ask(Kind.BATCH, batch)

    async def resize(self, language: str, slots: int) -> dict[str, Any]:
        """Change a pool's size; the answer has `before`, or `refused` with the reason.

        Raises:
            ServerError: the dispatcher is gone.

        """
        body = json.dumps({"language": language, "slots": slots}).encode()
        answer: dict[str, Any] = json.loads(await self._ask(Kind.RESIZE, body))
        return answer

    async def statistics(self) -> bytes:
        """Return the dispatcher's statistics.

        Raises:
            ServerError: the dispatcher is gone.

        """
        return await self._ask(Kind.STATISTICS, b"")

    async def _ask(self, kind: Kind, body: bytes) -> bytes:
        future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def done(answer: bytes | None) -> None:
            if not future.done():
                future.set_result(answer)

        ticket = self._send(kind, body, done)
        try:
            answer = await future
        finally:
            if kind is Kind.BATCH:
                self.cancel(ticket)
        if answer is None:
            raise ServerError("the dispatcher is gone")
        return answer

    async def stop(self) -> None:
        """End the dispatcher and with it every jail."""
        self._transport.close()
        with contextlib.suppress(asyncio.CancelledError):
            await self.gone.wait()
        try:
            await asyncio.to_thread(self._process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def import_path() -> str:
    """PYTHONPATH with which a child process finds this package, wherever it runs."""
    here = str(Path(__file__).resolve().parent.parent)
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
