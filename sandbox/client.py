"""A client that keeps one stream open, batches, and survives a server that goes away.

Running a program has no effect that outlives it, so what was in flight when a server went away is
simply sent again.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import grpc

from sandbox.errors import SandboxError, SandboxRejected
from sandbox.errors import SandboxUnavailable as SandboxUnavailable
from sandbox.types import Description, Program, Result, Verdict
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.v1 import sandbox_pb2_grpc
from sandbox.wire import description_from_message, program_to_message, result_from_message

_MAX_BATCH = 64
_WAKE_SECONDS = 0.5
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_CLOSE_SECONDS = 5.0
_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
_FULL = grpc.StatusCode.RESOURCE_EXHAUSTED

_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": "sandbox.v1.Sandbox", "method": "Describe"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}
_OPTIONS = [
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.max_receive_message_length", 64 * 2**20),
    ("grpc.max_send_message_length", 64 * 2**20),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.use_local_subchannel_pool", 1),
]


@dataclass(slots=True)
class _Submission:
    """What one call of `submit` waits for."""

    future: Future[list[Result]]
    results: list[Result | None]
    missing: int
    keep_refused: bool


@dataclass(slots=True)
class _Part:
    """Some programs of a submission, from `start` on."""

    submission: _Submission
    start: int
    programs: list[pb.Program]


@dataclass(slots=True)
class _Session:
    """One stream, while it lasts."""

    credits: int = 0
    in_flight: dict[int, _Part] = field(default_factory=dict)
    over: bool = False


class SandboxClient:
    """Submits programs; safe to use from several threads."""

    def __init__(
        self, target: str, token: str | None = None, timeout_seconds: float = 60.0
    ) -> None:
        """`timeout_seconds`: longest time without any answer while programs wait for one."""
        self.target = target
        self._timeout = timeout_seconds
        self._metadata = [("authorization", f"Bearer {token}")] if token else []
        self._channel = grpc.insecure_channel(target, options=_OPTIONS)
        self._stub = sandbox_pb2_grpc.SandboxStub(self._channel)  # type: ignore[no-untyped-call]
        self._changed = threading.Condition()
        self._waiting: deque[_Part] = deque()
        self._session = _Session(over=True)
        self._last_batch = 0
        self._last_answer = 0.0
        self._closed = False
        self._call: grpc.CallIterator[pb.StreamResponse] | None = None
        self._worker = threading.Thread(target=self._work, name="sandbox-client", daemon=True)
        self._worker.start()

    def submit(
        self, programs: Sequence[Program], *, keep_refused: bool = False
    ) -> Future[list[Result]]:
        """Send programs; the future holds their results in order, or a SandboxError.

        A program that the server refuses fails the whole submission with SandboxRejected; with
        `keep_refused` it gets a result with verdict REFUSED and the rest runs as ever.

        Raises:
            ValueError: a value that can't be sent.
            SandboxUnavailable: the client is closed.

        """
        future: Future[list[Result]] = Future()
        if not programs:
            future.set_result([])
            return future
        messages = [program_to_message(program) for program in programs]
        submission = _Submission(future, [None] * len(messages), len(messages), keep_refused)
        with self._changed:
            if self._closed:
                raise SandboxUnavailable("the sandbox client is closed")
            if not self._waiting and not self._session.in_flight:
                self._last_answer = time.monotonic()
            self._waiting.append(_Part(submission, 0, messages))
            self._changed.notify_all()
        return future

    def execute(self, programs: Sequence[Program], *, keep_refused: bool = False) -> list[Result]:
        """Run programs and wait; see `submit`.

        Raises:
            SandboxUnavailable: no server answered in time.
            SandboxRejected: the server refuses one of them.

        """
        return self.submit(programs, keep_refused=keep_refused).result()

    def describe(self) -> Description:
        """Return what the server can do.

        Raises:
            SandboxUnavailable: no server answered in time.

        """
        try:
            answer = self._stub.Describe(
                pb.DescribeRequest(), timeout=self._timeout, metadata=self._metadata
            )
        except grpc.RpcError as error:
            raise SandboxUnavailable(self._line(error)) from error
        return description_from_message(answer)

    def close(self) -> None:
        """Give up what is in flight and let go of the connection."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            if self._call is not None:
                self._call.cancel()  # type: ignore[no-untyped-call]
            self._changed.notify_all()
        self._worker.join(_CLOSE_SECONDS)
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _line(self, error: grpc.RpcError) -> str:
        detail = error.details() or error.code().name
        return f"the sandbox at {self.target} does not answer: {detail.splitlines()[0]}"

    # The worker: one session after another, while there is work.

    def _work(self) -> None:
        pause, reason = _FIRST_PAUSE_SECONDS, "it closed the stream"
        while self._wait_for_work():
            try:
                answered = self._run_session()
                reason = "it closed the stream"
            except grpc.RpcError as error:
                answered, reason = False, self._line(error)
                if error.code() not in (*_GONE, _FULL):
                    self._fail(SandboxRejected(f"sandbox: {error.details()}"))
                    continue
            with self._changed:
                silent = time.monotonic() - self._last_answer
                if self._waiting and silent > self._timeout:
                    self._fail_locked(SandboxUnavailable(reason))
            pause = _FIRST_PAUSE_SECONDS if answered else min(2 * pause, _LONGEST_PAUSE_SECONDS)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, pause)
        self._fail(SandboxUnavailable("the sandbox client was closed"))

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return not self._closed

    def _run_session(self) -> bool:
        """One stream from its opening to its end; True where anything was answered."""
        session, answered = _Session(), False
        with self._changed:
            self._session = session
            call = self._stub.Stream(self._requests(session), metadata=self._metadata)
            self._call = call
        try:
            for response in call:
                answered = answered or bool(response.batch)
                self._take(session, response)
        finally:
            with self._changed:
                session.over, self._call = True, None
                for part in reversed(session.in_flight.values()):
                    self._waiting.appendleft(part)
                session.in_flight.clear()
                self._changed.notify_all()
        return answered

    def _requests(self, session: _Session) -> Iterator[pb.StreamRequest]:
        """Yield to gRPC's sending thread: batches, as credits allow."""
        while True:
            with self._changed:
                while not session.over and not (self._waiting and session.credits):
                    self._changed.wait(_WAKE_SECONDS)
                    self._give_up_silent(session)
                if session.over:
                    return
                request = self._next_batch(session)
            yield request

    def _give_up_silent(self, session: _Session) -> None:
        """End a stream on which nothing comes, though something should."""
        busy = bool(session.in_flight or self._waiting)
        silent = time.monotonic() - self._last_answer
        if busy and silent > self._timeout and self._call is not None:
            self._call.cancel()  # type: ignore[no-untyped-call]

    def _next_batch(self, session: _Session) -> pb.StreamRequest:
        part = self._waiting.popleft()
        most = min(_MAX_BATCH, session.credits)
        if len(part.programs) > most:
            rest = _Part(part.submission, part.start + most, part.programs[most:])
            part = _Part(part.submission, part.start, part.programs[:most])
            self._waiting.appendleft(rest)
        session.credits -= len(part.programs)
        self._last_batch += 1
        session.in_flight[self._last_batch] = part
        return pb.StreamRequest(batch=self._last_batch, programs=part.programs)

    def _take(self, session: _Session, response: pb.StreamResponse) -> None:
        done: _Submission | None = None
        with self._changed:
            session.credits += response.credits
            if response.batch:
                self._last_answer = time.monotonic()
                done = self._store(session.in_flight.pop(response.batch), response)
            self._changed.notify_all()
        if done is not None and not done.future.done():
            _settle(done)

    def _store(self, part: _Part, response: pb.StreamResponse) -> _Submission | None:
        """Put a batch's results in their places; returns the submission when it is whole."""
        submission = part.submission
        if response.HasField("refusal"):
            if not submission.future.done():
                submission.future.set_exception(SandboxRejected(response.refusal.message))
            return None
        for offset, result in enumerate(response.results):
            submission.results[part.start + offset] = result_from_message(result)
        submission.missing -= len(response.results)
        return submission if submission.missing == 0 else None

    def _fail(self, error: SandboxError) -> None:
        with self._changed:
            self._fail_locked(error)

    def _fail_locked(self, error: SandboxError) -> None:
        while self._waiting:
            future = self._waiting.popleft().submission.future
            if not future.done():
                future.set_exception(error)


def _settle(submission: _Submission) -> None:
    """Give the results out, or say which program was refused and why."""
    results = [result for result in submission.results if result is not None]
    refused = [result for result in results if result.verdict is Verdict.REFUSED]
    if refused and not submission.keep_refused:
        why = refused[0].refusal.message if refused[0].refusal else "refused"
        submission.future.set_exception(SandboxRejected(why))
    else:
        submission.future.set_result(results)
