"""The gRPC front end: admission, flow control, drain. It forks nothing and judges nothing.

It does not take programs and results apart either: they go through as the bytes that they are.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import grpc
from google.protobuf.message import DecodeError

from sandbox import languages
from sandbox.admission import Admission, RefusedCall
from sandbox.answers import Answers
from sandbox.backend import Backend
from sandbox.config import SandboxConfig
from sandbox.errors import ServerError
from sandbox.stream import Stream
from sandbox.v1 import opaque_pb2
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.wire import limits_to_message

SERVICE = pb.DESCRIPTOR.services_by_name["Sandbox"].full_name

if TYPE_CHECKING:
    _Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]
    _Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class Servicer:
    """The service's calls; the two that carry programs take and give bytes."""

    def __init__(self, config: SandboxConfig, backend: Backend) -> None:
        self._config = config
        self._backend = backend
        self._admission = Admission(config.queue_capacity)
        self._answers = Answers()
        self._sizes: dict[str, int] = {}  # of the pools that were resized
        self.draining = asyncio.Event()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register the calls."""
        handlers = {
            "Describe": grpc.unary_unary_rpc_method_handler(
                self._describe,
                pb.DescribeRequest.FromString,
                pb.DescribeResponse.SerializeToString,
            ),
            "Resize": grpc.unary_unary_rpc_method_handler(
                self._resize,
                pb.ResizeRequest.FromString,
                pb.ResizeResponse.SerializeToString,
            ),
            "Execute": grpc.unary_unary_rpc_method_handler(self._execute),
            "Stream": grpc.stream_stream_rpc_method_handler(self._stream),
        }
        generic = grpc.method_handlers_generic_handler(SERVICE, handlers)
        server.add_generic_rpc_handlers((generic,))

    async def _describe(
        self, request: pb.DescribeRequest, context: _Context
    ) -> pb.DescribeResponse:
        host, config = self._backend.host, self._config
        return pb.DescribeResponse(
            tier=host["tier"],
            zygote=host["zygote"],
            cgroup=host["cgroup"],
            slots=self._slots(languages.PYTHON),
            queue_capacity=config.queue_capacity,
            max_batch=config.max_batch,
            max_source_bytes=config.max_source_bytes,
            default_limits=limits_to_message(config.limits),
            maximum_limits=limits_to_message(config.maximum),
            languages=[
                pb.Language(**{**item, "slots": self._slots(item["name"])})
                for item in host["languages"]
            ],
            primitives=[pb.Primitive(**item) for item in host["primitives"]],
        )

    def _slots(self, language: str) -> int:
        return self._sizes.get(language) or self._config.slot_count(language)

    async def _resize(self, request: pb.ResizeRequest, context: _Context) -> pb.ResizeResponse:
        language = request.language or languages.PYTHON
        try:
            answer = await self._backend.resize(language, request.slots)
        except ServerError as error:
            await _abort(context, RefusedCall(grpc.StatusCode.UNAVAILABLE, str(error)))
        if answer["refused"] is not None:
            invalid = RefusedCall(grpc.StatusCode.INVALID_ARGUMENT, answer["refused"])
            await _abort(context, invalid)
        self._sizes[language] = request.slots
        return pb.ResizeResponse(before=answer["before"])

    async def _execute(self, raw: bytes, context: _Context) -> bytes:
        """One batch."""
        try:
            return await self._run(raw, context.time_remaining())
        except RefusedCall as refused:
            await _abort(context, refused)

    async def _run(self, raw: bytes, seconds: float | None) -> bytes:
        try:
            programs = opaque_pb2.OpaqueExecuteRequest.FromString(raw).programs
        except DecodeError as error:
            text = "the message is no ExecuteRequest"
            raise RefusedCall(grpc.StatusCode.INVALID_ARGUMENT, text) from error
        count = len(programs)
        if count > self._config.max_batch:
            text = f"a batch of {count} programs; at most {self._config.max_batch}"
            raise RefusedCall(grpc.StatusCode.INVALID_ARGUMENT, text)
        self._admission.take(count)
        try:
            batch = opaque_pb2.OpaqueStreamRequest(programs=programs, timeout_seconds=seconds or 0)
            answer = await self._backend.run(batch.SerializeToString())
        except ServerError as error:
            raise RefusedCall(grpc.StatusCode.UNAVAILABLE, str(error)) from error
        finally:
            self._admission.give(count)
        results = opaque_pb2.OpaqueStreamResponse.FromString(answer).results
        return opaque_pb2.OpaqueExecuteResponse(results=results).SerializeToString()

    async def _stream(self, _: object, context: _Context) -> None:
        """Many batches, until the client, the connection's age or a drain ends it."""
        try:
            granted = self._admission.take_for_stream(self._config.stream_credits)
        except RefusedCall as refused:
            await _abort(context, refused)
        stream = Stream(self._config, self._backend, self._answers, granted)
        try:
            await stream.serve(context.read, context.write, self.draining)
        except RefusedCall as refused:
            await _abort(context, refused)
        finally:
            self._admission.give(granted)


async def _abort(context: _Context, refused: RefusedCall) -> NoReturn:
    await context.abort(refused.code, str(refused))
    raise AssertionError("abort raises")


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
    async def refuse(_: object, context: _Context) -> None:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the bearer token is missing or wrong")

    if handler is not None and handler.request_streaming:
        return grpc.stream_stream_rpc_method_handler(refuse)
    return grpc.unary_unary_rpc_method_handler(refuse)
