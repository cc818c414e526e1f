"""A client's bookkeeping: who sends what, and what becomes of it."""

import time
from concurrent.futures import Future

import pytest

from sandbox.errors import SandboxRejected, SandboxUnavailable
from sandbox.types import Code, Result, Verdict
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.work import Part, Session, Submission, Work, settle


def submission(count: int, *, keep_refused: bool = False, deadline: float | None = None) -> Part:
    future: Future[list[Result]] = Future()
    names = [str(number) for number in range(count)]
    made = Submission(future, names, [None] * count, count, keep_refused, deadline)
    return Part(made, 0, [name.encode() for name in names])


def session(work: Work, owner: object, credits_: int = 100) -> Session:
    made = Session(owner, credits_)
    work.sessions.append(made)
    return made


def answer(batch: int, part: Part, verdict: pb.Verdict = pb.PASSED) -> pb.StreamResponse:
    results = [pb.Result(id=raw.decode(), verdict=verdict) for raw in part.programs]
    return pb.StreamResponse(batch=batch, results=results, credits=len(results))


def next_batch(work: Work, one: Session) -> tuple[int, Part]:
    with work.changed:
        found = work.next_batch(one)
    assert found is not None
    return found


def nothing(work: Work, one: Session) -> bool:
    with work.changed:
        return work.next_batch(one) is None


def test_batches_of_64_in_order_as_credits_allow():
    work = Work()
    one = session(work, "a", 100)
    part = submission(150)
    with work.changed:
        work.add(part)
    (first, head), (second, rest) = next_batch(work, one), next_batch(work, one)
    assert (len(head.programs), len(rest.programs)) == (64, 36)
    assert nothing(work, one)
    with work.changed:
        assert work.take(one, answer(second, rest)) is None
        assert work.take(one, answer(first, head)) is None
    last, tail = next_batch(work, one)
    with work.changed:
        done = work.take(one, answer(last, tail))
    assert done is part.submission
    settle(done)
    assert [result.id for result in done.future.result()] == [str(n) for n in range(150)]
    assert one.load == 0


def test_the_server_with_the_fewest_in_flight_comes_first():
    work = Work()
    one, other = session(work, "a"), session(work, "b")
    with work.changed:
        work.add(submission(64))
        work.add(submission(64))
    next_batch(work, one)
    assert nothing(work, one)
    next_batch(work, other)
    with work.changed:
        work.add(submission(1))
    other.credits = 0  # who can take nothing is no reason to wait
    next_batch(work, one)


def test_what_a_server_failed_to_run_goes_to_another_and_is_then_reported():
    work = Work()
    one, other = session(work, "a"), session(work, "b")
    part = submission(1)
    with work.changed:
        work.add(part)
    batch, sent = next_batch(work, one)
    with work.changed:
        assert work.take(one, answer(batch, sent, pb.INTERNAL)) is None
    assert nothing(work, one)
    batch, sent = next_batch(work, other)
    with work.changed:
        done = work.take(other, answer(batch, sent, pb.INTERNAL))
    assert done is not None
    settle(done)
    assert done.future.result()[0].verdict is Verdict.INTERNAL


def test_a_lone_servers_failure_is_reported_at_once():
    work = Work()
    one = session(work, "a")
    with work.changed:
        work.add(submission(1))
    batch, sent = next_batch(work, one)
    with work.changed:
        assert work.take(one, answer(batch, sent, pb.INTERNAL)) is not None


def test_what_was_in_flight_on_a_broken_stream_is_sent_again_first():
    work = Work()
    one = session(work, "a")
    with work.changed:
        work.add(submission(2))
        work.add(submission(3))
    batch, sent = next_batch(work, one)
    with work.changed:
        work.end(one)
        assert work.take(one, answer(batch, sent)) is None  # too late
    again = session(work, "a")
    assert next_batch(work, again)[1] is sent


@pytest.mark.parametrize("keep_refused", [True, False])
def test_deadlines(keep_refused):
    work = Work()
    late = submission(2, keep_refused=keep_refused, deadline=time.monotonic() - 1)
    in_time = submission(2, deadline=time.monotonic() + 60)
    with work.changed:
        work.add(late)
        work.add(in_time)
        done = work.expire()
    assert done == [late.submission]
    assert list(work.waiting) == [in_time]
    settle(late.submission)
    if keep_refused:
        [first, _] = late.submission.future.result()
        assert first.refusal is not None
        assert (first.id, first.refusal.code) == ("0", Code.DEADLINE_EXCEEDED)
    else:
        with pytest.raises(SandboxRejected, match="deadline"):
            late.submission.future.result()


def test_a_refused_batch_refuses_its_programs():
    work = Work()
    one = session(work, "a")
    part = submission(2, keep_refused=True)
    with work.changed:
        work.add(part)
    batch, _ = next_batch(work, one)
    refusal = pb.Refusal(code=Code.RESOURCE_EXHAUSTED, message="too much")
    with work.changed:
        done = work.take(one, pb.StreamResponse(batch=batch, refusal=refusal))
    assert done is not None
    settle(done)
    assert {result.verdict for result in done.future.result()} == {Verdict.REFUSED}


def test_failing_reaches_everything_that_waits():
    work = Work()
    parts = [submission(1), submission(1)]
    with work.changed:
        for part in parts:
            work.add(part)
        work.fail(SandboxUnavailable("gone"))
    assert work.idle()
    for part in parts:
        with pytest.raises(SandboxUnavailable, match="gone"):
            part.submission.future.result()


def test_large_programs_go_in_small_batches():
    work = Work()
    one = session(work, "a")
    part = submission(4)
    part.programs = [b"x" * (9 * 2**20)] * 4
    with work.changed:
        work.add(part)
    assert len(next_batch(work, one)[1].programs) == 1
