"""What a client has to do: programs that wait to be sent, results that are awaited."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from sandbox.errors import SandboxError, SandboxRejected
from sandbox.types import Code, Refusal, Result, Verdict
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.wire import refusal_from_message, result_from_message

_MOST_PROGRAMS = 64
_MOST_BYTES = 16 * 2**20
_LATE = Refusal(Code.DEADLINE_EXCEEDED, "the deadline passed before a server took the program")


@dataclass(slots=True, eq=False)
class Submission:
    """What one call of `submit` waits for."""

    future: Future[list[Result]]
    names: list[str]
    results: list[Result | None]
    missing: int
    keep_refused: bool
    deadline: float | None
    """On the monotonic clock."""


@dataclass(slots=True, eq=False)
class Part:
    """Some serialised programs of a submission, from `start` on."""

    submission: Submission
    start: int
    programs: list[bytes]
    failed_on: object = None
    """Server that answered INTERNAL: another one is to try."""


@dataclass(slots=True, eq=False)
class Session:
    """One stream, while it lasts."""

    owner: object
    credits: int = 0
    in_flight: dict[int, Part] = field(default_factory=dict)
    load: int = 0
    """Programs in flight."""
    over: bool = False


class Work:
    """All that is under way; every method but `changed` itself needs the lock held."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting: deque[Part] = deque()
        self.sessions: list[Session] = []
        self.closed = False
        self.last_answer = 0.0
        self._last_batch = 0

    def idle(self) -> bool:
        """Whether nothing waits for an answer."""
        return not self.waiting and not any(session.in_flight for session in self.sessions)

    def add(self, part: Part) -> None:
        """Take on programs."""
        if self.idle():
            self.last_answer = time.monotonic()
        self.waiting.append(part)
        self.changed.notify_all()

    def next_batch(self, session: Session) -> tuple[int, Part] | None:
        """Return what a session is to send now; None: nothing, for now.

        The session with the fewest programs in flight comes first, so that all servers get some.
        """
        rivals = [other for other in self.sessions if other is not session and other.credits]
        if not session.credits or any(other.load < session.load for other in rivals):
            return None
        part = self._suitable(session, bool(rivals))
        if part is None:
            return None
        most = min(_MOST_PROGRAMS, session.credits, _fitting(part.programs))
        if len(part.programs) > most:
            rest = Part(part.submission, part.start + most, part.programs[most:], part.failed_on)
            part = Part(part.submission, part.start, part.programs[:most], part.failed_on)
            self.waiting.appendleft(rest)
        session.credits -= len(part.programs)
        session.load += len(part.programs)
        self._last_batch += 1
        session.in_flight[self._last_batch] = part
        self.changed.notify_all()
        return self._last_batch, part

    def _suitable(self, session: Session, rivals: bool) -> Part | None:
        """Take the first part that this session's server may run."""
        for index, part in enumerate(self.waiting):
            if part.failed_on is None or part.failed_on is not session.owner or not rivals:
                del self.waiting[index]
                return part
        return None

    def take(self, session: Session, response: pb.StreamResponse) -> Submission | None:
        """Take a server's message; returns the submission that it completes."""
        session.credits += response.credits
        self.changed.notify_all()
        part = session.in_flight.pop(response.batch, None)
        if part is None:  # only credits, or an answer that was given up
            return None
        self.last_answer = time.monotonic()
        session.load -= len(part.programs)
        if response.HasField("refusal"):
            refusal = refusal_from_message(response.refusal)
            return self._refuse(part, refusal)
        return self._store(session, part, response)

    def _store(
        self, session: Session, part: Part, response: pb.StreamResponse
    ) -> Submission | None:
        submission = part.submission
        others = any(other is not session for other in self.sessions)
        for offset, message in enumerate(response.results):
            place = part.start + offset
            if message.verdict == pb.INTERNAL and others and part.failed_on is None:
                again = Part(submission, place, [part.programs[offset]], session.owner)
                self.waiting.append(again)
                continue
            submission.results[place] = result_from_message(message)
            submission.missing -= 1
        return submission if submission.missing == 0 else None

    def _refuse(self, part: Part, refusal: Refusal) -> Submission | None:
        """Give a part's programs the same refusal."""
        submission = part.submission
        for place in range(part.start, part.start + len(part.programs)):
            name = submission.names[place]
            submission.results[place] = Result(name, Verdict.REFUSED, refusal=refusal)
            submission.missing -= 1
        return submission if submission.missing == 0 else None

    def end(self, session: Session) -> None:
        """Close a session; what it had in flight waits again."""
        session.over = True
        if session in self.sessions:
            self.sessions.remove(session)
        for part in reversed(session.in_flight.values()):
            self.waiting.appendleft(part)
        session.in_flight.clear()
        self.changed.notify_all()

    def expire(self) -> list[Submission]:
        """Give up what still waits at its deadline; returns the submissions that it completes."""
        now, done = time.monotonic(), []
        for part in list(self.waiting):
            deadline = part.submission.deadline
            if deadline is not None and deadline <= now:
                self.waiting.remove(part)
                submission = self._refuse(part, _LATE)
                done += [submission] if submission is not None else []
        return done

    def fail(self, error: SandboxError) -> None:
        """Fail every submission that waits."""
        while self.waiting:
            future = self.waiting.popleft().submission.future
            if not future.done():
                future.set_exception(error)


def _fitting(programs: list[bytes]) -> int:
    """Return how many of the first programs go into one message; at least one."""
    total = 0
    for count, program in enumerate(programs[:_MOST_PROGRAMS]):
        total += len(program)
        if total > _MOST_BYTES:
            return max(1, count)
    return _MOST_PROGRAMS


def settle(submission: Submission) -> None:
    """Give the results out, or say which program was refused and why."""
    if submission.future.done():
        return
    results = [result for result in submission.results if result is not None]
    why = [result.refusal.message for result in results if result.refusal is not None]
    if why and not submission.keep_refused:
        submission.future.set_exception(SandboxRejected(why[0]))
    else:
        submission.future.set_result(results)
