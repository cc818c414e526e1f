"""A client's side of one server: a stream after another, as long as there is work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import grpc

from sandbox.channel import connect
from sandbox.errors import SandboxRejected
from sandbox.security import Tls
from sandbox.v1 import opaque_pb2
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.work import Session, Work, settle

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_CLOSE_SECONDS = 5.0
_TRY_AGAIN = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)
_METHOD = "/sandbox.v1.Sandbox/Stream"

Metadata = tuple[tuple[str, str | bytes], ...]


class Replica:
    """One address, with a thread that serves it."""

    def __init__(
        self,
        address: str,
        target: str,
        tls: Tls,
        metadata: Metadata,
        client: str,
        work: Work,
        ended: Callable[[str], None],
    ) -> None:
        """`ended` is told, with the lock held, why each stream ended."""
        self.address = address
        self.wanted = True
        self._target, self._tls = target, tls
        self._metadata, self._client = metadata, client
        self._work, self._ended = work, ended
        self._channel = connect(address, target, tls)
        self._call: grpc.CallIterator[pb.StreamResponse] | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox-stream", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread runs still."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """End the stream; with the lock held."""
        if self._call is not None:
            self._call.cancel()  # type: ignore[no-untyped-call]

    def join(self) -> None:
        """Wait for the end, after the client closed."""
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        pause, changed = _FIRST_PAUSE_SECONDS, self._work.changed
        try:
            while self._wait_for_work():
                answered = self._serve()
                pause = _FIRST_PAUSE_SECONDS if answered else min(2 * pause, _LONGEST_PAUSE_SECONDS)
                with changed:
                    changed.wait_for(lambda: self._work.closed, pause)
        finally:
            self._channel.close()

    def _wait_for_work(self) -> bool:
        with self._work.changed:
            self._work.changed.wait_for(
                lambda: self._work.waiting or self._work.closed or not self.wanted
            )
            return self.wanted and not self._work.closed

    def _serve(self) -> bool:
        """One stream from its opening to its end; True where anything was answered."""
        try:
            answered = self._run_session()
            reason = "it closed the stream"
        except grpc.RpcError as error:
            answered, reason = False, line_of(self._target, error)
            if error.code() not in _TRY_AGAIN:
                with self._work.changed:
                    self._work.fail(SandboxRejected(f"sandbox: {error.details()}"))
        with self._work.changed:
            self._ended(reason)
        return answered

    def _run_session(self) -> bool:
        work, session, answered = self._work, Session(self), False
        open_stream = self._channel.stream_stream(
            _METHOD,
            request_serializer=opaque_pb2.OpaqueStreamRequest.SerializeToString,
            response_deserializer=pb.StreamResponse.FromString,
        )
        with work.changed:
            if work.closed:
                return False
            call = open_stream(self._requests(session), metadata=self._metadata)
            self._call = call
        try:
            for response in call:
                answered = answered or bool(response.batch)
                with work.changed:
                    if session not in work.sessions:
                        work.sessions.append(session)
                    done = work.take(session, response)
                if done is not None:
                    settle(done)
        finally:
            with work.changed:
                self._call = None
                work.end(session)
        return answered

    def _requests(self, session: Session) -> Iterator[opaque_pb2.OpaqueStreamRequest]:
        """Yield to gRPC's sending thread: batches, as credits allow."""
        work = self._work
        while True:
            with work.changed:
                while not session.over and (found := work.next_batch(session)) is None:
                    work.changed.wait()
                if session.over:
                    return
                batch, part = found  # type: ignore[misc]  # not None, else the loop went on
            deadline = part.submission.deadline
            left = 0.0 if deadline is None else max(0.001, deadline - time.monotonic())
            yield opaque_pb2.OpaqueStreamRequest(
                batch=batch, programs=part.programs, client=self._client, timeout_seconds=left
            )


def line_of(target: str, error: grpc.RpcError) -> str:
    """Return a failed call as one line."""
    detail = error.details() or error.code().name
    return f"the sandbox at {target} does not answer: {detail.splitlines()[0]}"
