"""A client that keeps a stream open to every server behind a name and survives their going away.

Running a program has no effect that outlives it, so what was in flight when a server went away is
simply sent again. A server that dies or drains is left, one that joins is found, and a program that
a server failed to run (INTERNAL) is given to another one before it is reported.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc

from sandbox.channel import addresses, connect
from sandbox.errors import SandboxRejected
from sandbox.errors import SandboxUnavailable as SandboxUnavailable
from sandbox.replica import Metadata, Replica, line_of
from sandbox.security import Tls
from sandbox.types import Description, Program, Result
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.v1 import sandbox_pb2_grpc
from sandbox.wire import Writer, description_from_message
from sandbox.work import Part, Submission, Work, settle

_WAKE_SECONDS = 0.5
_RESOLVE_SECONDS = 10.0
_CLOSE_SECONDS = 5.0

_Answer = TypeVar("_Answer")


class SandboxClient:
    """Submits programs; safe to use from several threads."""

    def __init__(
        self,
        target: str,
        token: str | None = None,
        timeout_seconds: float = 60.0,
        tls: Tls | None = None,
        ended: Callable[[], str | None] | None = None,
    ) -> None:
        """`timeout_seconds`: longest time without any answer while programs wait for one.

        `ended` says how the server ended, once it is known that it has: then nothing is waited for.

        Raises:
            ConfigError: a certificate's file that can't be read.

        """
        self.target = target
        self._timeout = timeout_seconds
        self._ended = ended or (lambda: None)
        self._tls = tls or Tls()
        self._tls.credentials()
        self._metadata: Metadata = (("authorization", f"Bearer {token}"),) if token else ()
        self._name = uuid.uuid4().hex
        self._work = Work()
        self._replicas: dict[str, Replica] = {}
        self._resolved = 0.0
        self._reason = "it was not asked yet"
        self._manager = threading.Thread(target=self._manage, name="sandbox-client", daemon=True)
        self._manager.start()

    def submit(
        self,
        programs: Sequence[Program],
        *,
        keep_refused: bool = False,
        timeout_seconds: float | None = None,
    ) -> Future[list[Result]]:
        """Send programs; the future holds their results in order, or a SandboxError.

        A program that the server refuses fails the whole submission with SandboxRejected; with
        `keep_refused` it gets a result with verdict REFUSED and the rest runs as ever. A program
        that has not started after `timeout_seconds` is refused with DEADLINE_EXCEEDED.

        Raises:
            ValueError: a value that can't be sent.
            SandboxUnavailable: the client is closed.

        """
        future: Future[list[Result]] = Future()
        if not programs:
            future.set_result([])
            return future
        write = Writer().program
        messages = [write(program) for program in programs]
        count = len(messages)
        submission = Submission(
            future,
            [program.id for program in programs],
            [None] * count,
            count,
            keep_refused,
            None if timeout_seconds is None else time.monotonic() + timeout_seconds,
        )
        with self._work.changed:
            if self._work.closed:
                raise SandboxUnavailable("the sandbox client is closed")
            self._work.add(Part(submission, 0, messages))
        return future

    def execute(
        self,
        programs: Sequence[Program],
        *,
        keep_refused: bool = False,
        timeout_seconds: float | None = None,
    ) -> list[Result]:
        """Run programs and wait; see `submit`.

        Raises:
            SandboxUnavailable: no server answered in time.
            SandboxRejected: the server refuses one of them.

        """
        return self.submit(
            programs, keep_refused=keep_refused, timeout_seconds=timeout_seconds
        ).result()

    def describe(self) -> Description:
        """Return what the server can do; of several behind one name, one of them.

        Raises:
            SandboxUnavailable: no server answered in time.
            SandboxRejected: it does not let us.

        """
        return description_from_message(
            self._ask(self.target, lambda stub, **how: stub.Describe(pb.DescribeRequest(), **how))
        )

    def resize(self, slots: int, language: str = "python") -> int:
        """Change how many programs of a language run at once on each server; returns their number.

        Raises:
            SandboxUnavailable: a server did not answer in time.
            SandboxRejected: there is no such language, or the number makes no sense.

        """
        request = pb.ResizeRequest(language=language, slots=slots)
        places = addresses(self.target)
        for place in places:
            self._ask(place, lambda stub, **how: stub.Resize(request, **how))
        return len(places)

    def _ask(self, address: str, call: Callable[..., _Answer]) -> _Answer:
        """One unary call."""
        with connect(address, self.target, self._tls) as channel:
            stub = sandbox_pb2_grpc.SandboxStub(channel)  # type: ignore[no-untyped-call]
            how: dict[str, Any] = {"timeout": self._timeout, "metadata": self._metadata}
            try:
                return call(stub, **how)
            except grpc.RpcError as error:
                if error.code() in (
                    grpc.StatusCode.UNAVAILABLE,
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                ):
                    raise SandboxUnavailable(line_of(self.target, error)) from error
                raise SandboxRejected(f"sandbox: {error.details()}") from error

    def close(self) -> None:
        """Give up what is in flight and let go of the connections."""
        with self._work.changed:
            if self._work.closed:
                return
            self._work.closed = True
            for replica in self._replicas.values():
                replica.cancel()
            self._work.changed.notify_all()
        self._manager.join(_CLOSE_SECONDS)
        for replica in self._replicas.values():
            replica.join()
        with self._work.changed:
            self._work.fail(SandboxUnavailable("the sandbox client was closed"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # The manager: finds the servers and gives up on those that are silent.

    def _manage(self) -> None:
        work = self._work
        while True:
            with work.changed:
                work.changed.wait_for(lambda: work.closed or not work.idle())
                if work.closed:
                    return
            if time.monotonic() - self._resolved > _RESOLVE_SECONDS:
                self._resolve()
            with work.changed:
                work.changed.wait_for(
                    lambda: work.closed or self._resolved == 0.0, self._wake_seconds()
                )
                done = work.expire()
                self._give_up_silent()
            for submission in done:
                settle(submission)

    def _wake_seconds(self) -> float:
        return min(_WAKE_SECONDS, self._timeout / 4)

    def _resolve(self) -> None:
        """Have a replica for each address, and let those go that have none any more."""
        try:
            found = addresses(self.target)
        except SandboxUnavailable as error:
            self._reason = str(error)
            time.sleep(_WAKE_SECONDS)
            return
        with self._work.changed:
            self._resolved = time.monotonic()
            for address in [place for place, held in self._replicas.items() if not held.alive]:
                del self._replicas[address]
            for address, replica in self._replicas.items():
                replica.wanted = address in found
            if self._work.closed:
                return
            for address in found:
                if address not in self._replicas:
                    self._replicas[address] = self._replica(address)
            self._work.changed.notify_all()

    def _replica(self, address: str) -> Replica:
        return Replica(
            address,
            self.target,
            self._tls,
            self._metadata,
            self._name,
            self._work,
            self._stream_ended,
        )

    def _stream_ended(self, reason: str) -> None:
        """Look the name up again: who ends a stream may want us elsewhere."""
        self._reason = reason
        self._resolved = 0.0
        self._work.changed.notify_all()

    def _give_up_silent(self) -> None:
        """Fail what waits where nothing comes, though something should, or nothing can come."""
        work = self._work
        if work.idle():
            return
        reason = self._ended()
        if reason is None and time.monotonic() - work.last_answer <= self._timeout:
            return
        silent = f"the sandbox at {self.target} has not answered for {self._timeout:g} s"
        reason = reason or (silent if work.sessions else self._reason)
        for replica in self._replicas.values():
            replica.cancel()
        for session in list(work.sessions):
            work.end(session)
        work.fail(SandboxUnavailable(reason))
