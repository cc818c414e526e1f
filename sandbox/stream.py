"""One client's stream: its credits, its batches in flight, its end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from sandbox.admission import RefusedCall
from sandbox.answers import Answers, Key
from sandbox.backend import Backend
from sandbox.config import SandboxConfig
from sandbox.errors import ServerError
from sandbox.types import Code
from sandbox.v1 import opaque_pb2
from sandbox.v1 import sandbox_pb2 as pb

Read = Callable[[], Awaitable[Any]]
Write = Callable[[bytes], Awaitable[None]]


class Stream:
    """Reads batches, hands them to the dispatcher as they are, and writes its answers.

    A batch costs one message each way and no task: the dispatcher's answers are put in a queue by
    the event loop itself, and one coroutine writes them out.
    """

    def __init__(
        self, config: SandboxConfig, backend: Backend, answers: Answers, granted: int
    ) -> None:
        self._config = config
        self._backend = backend
        self._kept = answers
        self._credits = granted
        self._tickets: dict[int, int] = {}  # of the batches in flight
        self._ready: asyncio.Queue[bytes | RefusedCall | None] = asyncio.Queue()
        self._reading = True

    async def serve(self, read: Read, write: Write, draining: asyncio.Event) -> None:
        """Serve until no more batches are taken and all in flight are answered.

        Raises:
            RefusedCall: the stream can't go on.

        """
        await write(pb.StreamResponse(credits=self._credits).SerializeToString())
        reader = asyncio.create_task(self._read(read))
        end = asyncio.create_task(self._stop_reading(reader, draining))
        try:
            while (answer := await self._ready.get()) is not None:
                if isinstance(answer, RefusedCall):
                    raise answer
                await write(answer)
        finally:
            reader.cancel()
            end.cancel()
            self._cancel()

    def _cancel(self) -> None:
        """Give up what is in flight: nobody waits for it."""
        for ticket in list(self._tickets.values()):
            self._backend.cancel(ticket)
        self._tickets.clear()

    async def _stop_reading(self, reader: asyncio.Task[None], draining: asyncio.Event) -> None:
        """Read until the client has no more, the connection is old, or the server drains."""
        drained = asyncio.create_task(draining.wait())
        try:
            await asyncio.wait(
                (reader, drained),
                timeout=self._config.max_connection_age_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            drained.cancel()
        reader.cancel()
        self._reading = False
        self._end_when_answered()

    def _end_when_answered(self) -> None:
        if not self._reading and not self._tickets:
            self._ready.put_nowait(None)

    async def _read(self, read: Read) -> None:
        while isinstance(raw := await read(), bytes):  # else gRPC's mark of the end
            try:
                self._take(raw)
            except RefusedCall as refused:
                self._ready.put_nowait(refused)
                return

    def _take(self, raw: bytes) -> None:
        """Hand one batch on, or answer it at once.

        Raises:
            RefusedCall: the bytes are no message, or the dispatcher is gone.

        """
        try:
            request = opaque_pb2.OpaqueStreamRequest.FromString(raw)
        except DecodeError as error:
            text = "a message on the stream is no StreamRequest"
            raise RefusedCall(grpc.StatusCode.INVALID_ARGUMENT, text) from error
        batch, count = request.batch, len(request.programs)
        if (refusal := self._refusal(batch, count)) is not None:
            # What it overspends, it has not spent.
            response = pb.StreamResponse(batch=batch, refusal=refusal)
            self._ready.put_nowait(response.SerializeToString())
            return
        self._credits -= count
        key = (request.client, batch) if request.client else None
        known = self._kept.find(key) if key else None
        if known is not None:
            self._answer(batch, count, known)
            return
        try:
            ticket = self._backend.submit(raw, self._callback(batch, count, key))
        except ServerError as error:
            raise RefusedCall(grpc.StatusCode.UNAVAILABLE, str(error)) from error
        self._tickets[batch] = ticket

    def _refusal(self, batch: int, count: int) -> pb.Refusal | None:
        if batch == 0 or batch in self._tickets:
            text = f"batch {batch}: a batch has a number of its own above 0"
            return pb.Refusal(code=Code.INVALID_ARGUMENT, message=text)
        if count > self._config.max_batch:
            text = f"batch {batch}: {count} programs; at most {self._config.max_batch}"
            return pb.Refusal(code=Code.INVALID_ARGUMENT, message=text)
        if count > self._credits:
            text = f"batch {batch}: {count} programs, but only {self._credits} credits are left"
            return pb.Refusal(code=Code.RESOURCE_EXHAUSTED, message=text)
        return None

    def _callback(self, batch: int, count: int, key: Key | None) -> Callable[[bytes | None], None]:
        def done(results: bytes | None) -> None:
            self._tickets.pop(batch, None)
            if results is None:
                lost = RefusedCall(grpc.StatusCode.UNAVAILABLE, "the dispatcher is gone")
                self._ready.put_nowait(lost)
                return
            if key is not None:
                self._kept.keep(key, results)
            self._answer(batch, count, results)

        return done

    def _answer(self, batch: int, count: int, results: bytes) -> None:
        """Put batch number and credits before the results: messages join by joining bytes."""
        self._credits += count
        head = pb.StreamResponse(batch=batch, credits=count).SerializeToString()
        self._ready.put_nowait(head + results)
        self._end_when_answered()
