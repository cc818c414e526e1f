"""The front end's handle on the dispatcher process."""

import asyncio
import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox.config import SandboxConfig
from sandbox.errors import ServerError
from sandbox.link import Kind, Unframer, frame
from sandbox.metrics import Metrics
from sandbox.v1 import sandbox_pb2 as pb

_CHUNK = 1 << 20
_STOP_SECONDS = 5.0


class Backend:
    """Sends programs to the dispatcher and returns its results."""

    def __init__(self, config: SandboxConfig, metrics: Metrics) -> None:
        self._metrics = metrics
        self._slots = config.slot_count()
        self._messages = Unframer()
        self._waiting: dict[int, asyncio.Future[pb.Result]] = {}
        self._last_ticket = 0
        self.tier = ""
        self.host: dict[str, Any] = {}
        self.gone = asyncio.Event()
        private = dataclasses.replace(config, token=None)  # a command line is no secret
        ours, theirs = socket.socketpair()
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
        """Wait until every slot is there.

        Raises:
            ServerError: no jail can be built here.

        """
        self._reader, self._writer = await asyncio.open_connection(sock=self._ours)
        answers = self._messages.feed(await self._reader.read(_CHUNK))
        kind, _, body = next(answers, (Kind.FAILED, 0, b"the dispatcher ended while it started"))
        if kind is not Kind.READY:
            await self.stop()
            raise ServerError(body.decode(errors="replace"))
        self.host = json.loads(body)
        self.tier = self.host["tier"]
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(_CHUNK):
                for kind, ticket, body in self._messages.feed(data):
                    self._take(kind, ticket, body)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ServerError("the dispatcher is gone"))
        self.gone.set()

    def _take(self, kind: Kind, ticket: int, body: bytes) -> None:
        if kind is Kind.RESTARTS:
            self._metrics.restarts(int(body))
            return
        future = self._waiting.get(ticket)
        if future is None or future.done():
            return
        future.set_result(pb.Result.FromString(body))

    async def run(self, program: pb.Program) -> pb.Result:
        """Run one program.

        Raises:
            ServerError: the dispatcher is gone.

        """
        if self.gone.is_set():
            raise ServerError("the dispatcher is gone")
        self._last_ticket += 1
        ticket = self._last_ticket
        future: asyncio.Future[pb.Result] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = future
        self._metrics.in_flight(len(self._waiting), self._slots)
        self._writer.write(frame(Kind.PROGRAM, ticket, program.SerializeToString()))
        try:
            result = await future
        except asyncio.CancelledError:
            self._writer.write(frame(Kind.CANCEL, ticket))
            raise
        finally:
            del self._waiting[ticket]
            self._metrics.in_flight(len(self._waiting), self._slots)
        self._metrics.answered(program.language, result)
        return result

    async def stop(self) -> None:
        """End the dispatcher and with it every jail."""
        self._writer.close()
        try:
            await asyncio.to_thread(self._process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def import_path() -> str:
    """PYTHONPATH with which a child process finds this package, wherever it runs."""
    here = str(Path(__file__).resolve().parent.parent)
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
