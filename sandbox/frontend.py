"""The gRPC front end: admission, flow control, drain. It forks nothing and judges nothing."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc

from sandbox.backend import Backend
from sandbox.config import SandboxConfig, check_limits
from sandbox.errors import ConfigError, ServerError
from sandbox.languages import PYTHON, missing
from sandbox.types import Code
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.v1 import sandbox_pb2_grpc
from sandbox.wire import limits_from_message, limits_to_message

_FEWEST_CREDITS = 16

if TYPE_CHECKING:
    _Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]


class Refusal(Exception):  # noqa: N818 - an answer to a client, not a failure here
    """Why a batch can't be run: a gRPC status code and one line."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Admission:
    """Counts the programs that the server has promised to take."""

    def __init__(self, capacity: int) -> None:
        self._free = capacity

    def take(self, count: int) -> None:
        """Reserve room for some programs.

        Raises:
            Refusal: RESOURCE_EXHAUSTED, there is none.

        """
        if count > self._free:
            raise Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "the sandbox's queue is full")
        self._free -= count

    def take_for_stream(self, most: int) -> int:
        """Reserve a stream's credits: at most half of what is free, so that others may come."""
        count = min(most, self._free // 2)
        if count < min(_FEWEST_CREDITS, most):
            raise Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "the sandbox has too many streams")
        self._free -= count
        return count

    def give(self, count: int) -> None:
        """Give room back."""
        self._free += count


class Servicer(sandbox_pb2_grpc.SandboxServicer):
    """The service's three calls."""

    def __init__(self, config: SandboxConfig, backend: Backend) -> None:
        self._config = config
        self._backend = backend
        self._admission = Admission(config.queue_capacity)
        self.draining = asyncio.Event()

    async def Describe(  # noqa: N802 - the protocol's name
        self,
        request: pb.DescribeRequest,
        context: grpc.aio.ServicerContext[pb.DescribeRequest, pb.DescribeResponse],
    ) -> pb.DescribeResponse:
        """Return what this server can run."""
        host = self._backend.host
        return pb.DescribeResponse(
            tier=self._backend.tier,
            zygote=host["zygote"],
            cgroup=host["cgroup"],
            slots=self._config.slot_count(),
            queue_capacity=self._config.queue_capacity,
            max_batch=self._config.max_batch,
            default_limits=limits_to_message(self._config.limits),
            maximum_limits=limits_to_message(self._config.maximum),
            max_source_bytes=self._config.max_source_bytes,
            languages=[
                pb.Language(**{**item, "slots": self._config.slot_count(item["name"])})
                for item in host["languages"]
            ],
            primitives=[pb.Primitive(**item) for item in host["primitives"]],
        )

    async def Execute(  # noqa: N802
        self,
        request: pb.ExecuteRequest,
        context: grpc.aio.ServicerContext[pb.ExecuteRequest, pb.ExecuteResponse],
    ) -> pb.ExecuteResponse:
        """One batch."""
        count = len(request.programs)
        try:
            self._admission.take(count)
            try:
                return pb.ExecuteResponse(results=await self._run(request.programs))
            finally:
                self._admission.give(count)
        except Refusal as refusal:
            await context.abort(refusal.code, str(refusal))
            raise AssertionError("abort raises") from refusal

    async def Stream(  # noqa: N802
        self,
        requests: AsyncIterator[pb.StreamRequest],
        context: grpc.aio.ServicerContext[pb.StreamRequest, pb.StreamResponse],
    ) -> AsyncIterator[pb.StreamResponse]:
        """Many batches, until the client, the connection's age or a drain ends it."""
        try:
            granted = self._admission.take_for_stream(self._config.stream_credits)
        except Refusal as refusal:
            await context.abort(refusal.code, str(refusal))
        stream = _Stream(granted, self._run)
        try:
            yield pb.StreamResponse(credits=granted)
            stop = asyncio.create_task(self.draining.wait())
            async for response in stream.serve(
                requests, stop, self._config.max_connection_age_seconds
            ):
                yield response
        except Refusal as refusal:
            await context.abort(refusal.code, str(refusal))
        finally:
            stream.cancel()
            self._admission.give(granted)

    async def _run(self, programs: Sequence[pb.Program]) -> list[pb.Result]:
        """Run a batch; a program that can't be run is refused in its own result.

        Raises:
            Refusal: the batch is too large, or the dispatcher gone.

        """
        if len(programs) > self._config.max_batch:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"a batch of {len(programs)} programs; at most {self._config.max_batch}",
            )
        tasks = [asyncio.ensure_future(self._run_one(program)) for program in programs]
        try:
            return list(await asyncio.gather(*tasks))
        except ServerError as error:
            raise Refusal(grpc.StatusCode.UNAVAILABLE, str(error)) from error
        finally:
            for task in tasks:
                task.cancel()

    async def _run_one(self, program: pb.Program) -> pb.Result:
        refusal = self._refusal(program)
        if refusal is None:
            return await self._backend.run(program)
        return pb.Result(id=program.id, verdict=pb.REFUSED, refusal=refusal)

    def _refusal(self, program: pb.Program) -> pb.Refusal | None:
        if program.language != PYTHON:
            return pb.Refusal(code=Code.UNIMPLEMENTED, message=missing(program.language))
        limits = limits_from_message(program.limits, self._config.limits)
        try:
            check_limits(limits, self._config.maximum, f"program {program.id!r}: limits")
        except ConfigError as error:
            return pb.Refusal(code=Code.INVALID_ARGUMENT, message=str(error))
        return None


class _Stream:
    """One client's batches in flight, and its credits."""

    def __init__(
        self, granted: int, run: Callable[[Sequence[pb.Program]], Awaitable[list[pb.Result]]]
    ) -> None:
        self._credits = granted
        self._run = run
        self._batches: set[asyncio.Task[None]] = set()
        self._answers: asyncio.Queue[pb.StreamResponse | Refusal | None] = asyncio.Queue()

    async def serve(
        self,
        requests: AsyncIterator[pb.StreamRequest],
        stop: asyncio.Task[bool],
        most_seconds: float,
    ) -> AsyncIterator[pb.StreamResponse]:
        """Yield answers until no more requests are taken and all in flight are answered."""
        reader = asyncio.create_task(self._read(requests))
        end = asyncio.create_task(self._end(reader, stop, most_seconds))
        try:
            while (answer := await self._answers.get()) is not None:
                if isinstance(answer, Refusal):
                    raise answer
                yield answer
        finally:
            for task in (reader, stop, end):
                task.cancel()

    async def _end(
        self, reader: asyncio.Task[None], stop: asyncio.Task[bool], most_seconds: float
    ) -> None:
        """Stop reading in time, wait for what is in flight, then end the answers."""
        await asyncio.wait(
            (reader, stop), timeout=most_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        reader.cancel()
        while self._batches:
            await asyncio.wait(self._batches)
        self._answers.put_nowait(None)

    async def _read(self, requests: AsyncIterator[pb.StreamRequest]) -> None:
        async for request in requests:
            self._credits -= len(request.programs)
            if self._credits < 0:
                spent = Refusal(
                    grpc.StatusCode.RESOURCE_EXHAUSTED, "more programs sent than credits granted"
                )
                self._answers.put_nowait(spent)
                return
            task = asyncio.create_task(self._answer(request))
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)

    async def _answer(self, request: pb.StreamRequest) -> None:
        count = len(request.programs)
        response = pb.StreamResponse(batch=request.batch, credits=count)
        try:
            response.results.extend(await self._run(request.programs))
        except Refusal as refusal:
            if refusal.code is grpc.StatusCode.UNAVAILABLE:
                self._answers.put_nowait(refusal)
                return
            response.refusal.code = refusal.code.value[0]
            response.refusal.message = str(refusal)
        self._credits += count
        self._answers.put_nowait(response)

    def cancel(self) -> None:
        """Give up what is in flight: nobody waits for it."""
        for task in self._batches:
            task.cancel()


class TokenCheck(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # no generic when run
    """Refuses calls without the bearer token; health checks need none."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler:
        """Let a call through, or answer UNAUTHENTICATED."""
        handler = await continuation(handler_call_details)
        if handler_call_details.method.startswith("/grpc.health."):
            return handler
        given = dict(handler_call_details.invocation_metadata).get("authorization", "")
        if hmac.compare_digest(str(given).encode(), self._expected):
            return handler
        return _refusing(handler)


def _refusing(handler: _Handler) -> _Handler:
    async def refuse(_: object, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the bearer token is missing or wrong")

    if handler is not None and handler.request_streaming:
        return grpc.stream_stream_rpc_method_handler(refuse)
    return grpc.unary_unary_rpc_method_handler(refuse)
