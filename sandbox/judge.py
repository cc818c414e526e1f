"""From what the kernel said and what the jail wrote to verdicts. Pure functions, trusted side."""

import os
import signal
from dataclasses import dataclass

from sandbox.canonical import CanonicalError, decode, matches
from sandbox.jail import child, zygote
from sandbox.plan import CallCheck, Check, OutputCheck, Run
from sandbox.types import TestResult, Verdict

_MAX_SHOWN_BYTES = 2048
_MAX_SHOWN = 200
_FRAME_HEAD = 5
_TOO_MANY = "more answers than tests"


@dataclass(frozen=True, slots=True)
class Facts:
    """How one process ended, as the kernel told it, and the bytes that it wrote."""

    status: int
    ended: int
    cpu_seconds: float
    wall_seconds: float
    peak_rss_bytes: int
    results: bytes
    stdout: bytes
    stderr: bytes
    overflowed: bool
    compile_seconds: float = 0.0
    out_of_memory: bool = False
    """The kernel, or the language's runtime, ended it for want of memory."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict of one run and of each of its tests."""

    verdict: Verdict
    tests: tuple[TestResult, ...]
    detail: str = ""
    security_violation: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    """What the end of the process says by itself; verdict None: it ended in order."""

    verdict: Verdict | None
    detail: str = ""
    security_violation: bool = False


def judge(run: Run, facts: Facts, cpu_limit: float) -> Judgement:
    """Return the verdicts of one run."""
    end = _end(facts, cpu_limit)
    try:
        frames = _frames(facts.results, len(run.checks) + 2, whole=end.verdict is None)
    except _ForgedError as error:
        return _all(run, Verdict.RUNTIME_ERROR, str(error), violation=True)
    if not frames:
        return _never_started(run, facts, end)
    tag, body = frames.pop(0)
    if tag == child.COMPILE_ERROR:
        return _all(run, Verdict.COMPILE_ERROR, _readable(body))
    if tag != child.COMPILED:
        return _all(run, Verdict.RUNTIME_ERROR, "frames out of order", violation=True)
    finished = bool(frames) and frames[-1][0] == child.DONE
    if finished:
        frames.pop()
    if frames and frames[0][0] == child.LOAD_ERROR:
        return _all(run, Verdict.RUNTIME_ERROR, _readable(frames[0][1]), end=end)
    if isinstance(run.checks[0], OutputCheck):
        return _judge_output(run.checks[0], facts, frames, end)
    return _judge_calls(run, frames, end, finished)


def _judge_calls(
    run: Run, frames: list[tuple[bytes, bytes]], end: _End, finished: bool
) -> Judgement:
    """Each frame against its check; tests without a frame take the verdict of the end."""
    if len(frames) > len(run.checks):
        return _all(run, Verdict.RUNTIME_ERROR, _TOO_MANY, violation=True)
    tests = [_test(check, *frame) for check, frame in zip(run.checks, frames, strict=False)]
    if finished and len(frames) < len(run.checks):
        return _all(run, Verdict.RUNTIME_ERROR, "fewer answers than tests", violation=True)
    silent = end
    if end.verdict is None and not finished:
        silent = _End(Verdict.RUNTIME_ERROR, "the program ended before it answered")
        if frames and frames[-1][0] == child.NO_MEMORY:
            silent = _End(Verdict.MEMORY_LIMIT, "MemoryError")
    for check in run.checks[len(frames) :]:
        assert silent.verdict is not None
        tests.append(
            TestResult(
                silent.verdict,
                silent.security_violation,
                not isinstance(check, CallCheck),
                detail=silent.detail,
            )
        )
    failed = [test for test in tests if test.verdict is not Verdict.PASSED]
    violation = end.security_violation or any(test.security_violation for test in tests)
    if silent.verdict is not None:
        return Judgement(silent.verdict, tuple(tests), silent.detail, violation)
    if failed:
        return Judgement(failed[0].verdict, tuple(tests), failed[0].detail, violation)
    return Judgement(Verdict.PASSED, tuple(tests))


def _test(check: Check, tag: bytes, body: bytes) -> TestResult:
    """One answer."""
    weak = not isinstance(check, CallCheck)
    if tag == child.EXCEPTION:
        return TestResult(Verdict.RUNTIME_ERROR, weak=weak, detail=_readable(body))
    if tag == child.NO_MEMORY:
        return TestResult(Verdict.MEMORY_LIMIT, weak=weak, detail="MemoryError")
    if tag == child.TOO_LARGE:
        return TestResult(Verdict.OUTPUT_LIMIT, weak=weak, detail="the returned value")
    if isinstance(check, CallCheck) and tag == child.VALUE:
        return _value(check, body)
    if weak and tag == child.WEAK_PASSED:
        return TestResult(Verdict.PASSED, weak=True)
    if weak and tag == child.WEAK_FAILED:
        return TestResult(Verdict.WRONG_ANSWER, weak=True, detail=_readable(body))
    return TestResult(Verdict.RUNTIME_ERROR, True, weak, detail="an answer of the wrong kind")


def _value(check: CallCheck, body: bytes) -> TestResult:
    try:
        if matches(body, check.expected, check.how):
            return TestResult(Verdict.PASSED)
        return TestResult(Verdict.WRONG_ANSWER, actual=_shown(body))
    except CanonicalError as error:
        return TestResult(Verdict.RUNTIME_ERROR, True, detail=f"forged bytes: {error}")


def _judge_output(
    check: OutputCheck, facts: Facts, frames: list[tuple[bytes, bytes]], end: _End
) -> Judgement:
    """Judge a whole run: its end, then its standard output."""
    verdict, detail, actual = end.verdict, end.detail, ""
    if verdict is None and frames and frames[0][0] == child.NO_MEMORY:
        verdict, detail = Verdict.MEMORY_LIMIT, "MemoryError"
    if verdict is None:
        written = facts.stdout.decode("utf-8", "replace")
        same = _lines(written) == _lines(check.expected)
        verdict = Verdict.PASSED if same else Verdict.WRONG_ANSWER
        actual = "" if same else _cut(written)
    test = TestResult(verdict, end.security_violation, False, actual, detail)
    return Judgement(verdict, (test,), detail, end.security_violation)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _never_started(run: Run, facts: Facts, end: _End) -> Judgement:
    """No frame: the process ended while it compiled, or before."""
    if os.WIFEXITED(facts.status) and os.WEXITSTATUS(facts.status) == child.EXIT_BROKEN:
        return _all(run, Verdict.INTERNAL, "the jail could not be confined")
    if end.verdict in (Verdict.TIME_LIMIT, Verdict.OUTPUT_LIMIT):
        return _all(run, end.verdict, end.detail)
    return _all(run, Verdict.COMPILE_ERROR, end.detail or "the compiler gave up")


def _all(
    run: Run, verdict: Verdict, detail: str, violation: bool = False, end: _End | None = None
) -> Judgement:
    """One verdict for every test; an abnormal end comes first."""
    if end is not None and end.verdict is not None:
        verdict, detail, violation = end.verdict, end.detail, end.security_violation
    tests = tuple(
        TestResult(verdict, violation, not isinstance(check, (CallCheck, OutputCheck)), "", detail)
        for check in run.checks
    )
    return Judgement(verdict, tests, detail, violation)


def _end(facts: Facts, cpu_limit: float) -> _End:
    """Return what the kernel's facts say: limits first, then signals, then the exit status."""
    if facts.overflowed:
        return _End(Verdict.OUTPUT_LIMIT, "output")
    if facts.ended == zygote.ENDED_BY_CPU:
        return _End(Verdict.TIME_LIMIT, "cpu")
    if facts.ended == zygote.ENDED_BY_WALL:
        return _End(Verdict.TIME_LIMIT, "wall")
    if facts.out_of_memory:
        return _End(Verdict.MEMORY_LIMIT, "memory")
    if os.WIFSIGNALED(facts.status):
        number = os.WTERMSIG(facts.status)
        if number == signal.SIGSYS:
            return _End(Verdict.RUNTIME_ERROR, "a forbidden system call", True)
        if number in (signal.SIGXCPU, signal.SIGKILL) and facts.cpu_seconds >= cpu_limit:
            return _End(Verdict.TIME_LIMIT, "cpu")
        return _End(Verdict.RUNTIME_ERROR, _signal_name(number))
    if facts.status != 0:
        return _End(Verdict.RUNTIME_ERROR, f"exit status {os.WEXITSTATUS(facts.status)}")
    return _End(None)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _ForgedError(ValueError):
    """Bytes on the results pipe that the code around the program does not write."""


def _frames(data: bytes, most: int, whole: bool) -> list[tuple[bytes, bytes]]:
    """Split into frames; a process that was killed may leave half of one."""
    frames: list[tuple[bytes, bytes]] = []
    position = 0
    while position < len(data):
        if len(frames) == most:
            raise _ForgedError(_TOO_MANY)
        length = int.from_bytes(data[position + 1 : position + _FRAME_HEAD], "little")
        after = position + _FRAME_HEAD + length
        if after > len(data):
            if whole:
                raise _ForgedError("bytes on the results pipe that are no frame")
            break
        frames.append((data[position : position + 1], data[position + _FRAME_HEAD : after]))
        position = after
    return frames


def _readable(body: bytes) -> str:
    return _cut(body.decode("utf-8", "replace"), 500)


def _shown(body: bytes) -> str:
    """Return a wrong value as a Python literal, when it is small enough to read."""
    if len(body) > _MAX_SHOWN_BYTES:
        return f"a value of {len(body)} bytes"
    return _cut(ascii(decode(body)))


def _cut(text: str, most: int = _MAX_SHOWN) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
