"""Bytes that nobody should send: from the jail, from a client, on the link."""

import contextlib
import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.canonical import canonical
from sandbox.config import SandboxConfig
from sandbox.jail import child, zygote
from sandbox.judge import Facts, judge
from sandbox.link import Kind, LinkError, Unframer, frame
from sandbox.plan import CallCheck, OutputCheck, Run, WeakCheck
from sandbox.requests import RefusedError, Request, Requests
from sandbox.types import (
    Code,
    Compare,
    Language,
    Program,
    Refusal,
    Result,
    StdioTest,
    Test,
    Verdict,
)
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.wire import Writer, result_to_message

SECRET = canonical("what the jail never saw")
RUNS = (
    Run(b"", b"", (CallCheck(SECRET, Compare()), CallCheck(SECRET, Compare(1e-9, True)))),
    Run(b"", b"", (CallCheck(SECRET, Compare()), WeakCheck())),
    Run(b"", b"", (OutputCheck("what the jail never saw"),)),
)


def framed(tag: bytes, body: bytes) -> bytes:
    return tag + len(body).to_bytes(4, "little") + body


TAGS = [bytes([tag]) for tag in b"KCXVEMOPFD"]
bodies = st.binary(max_size=12) | st.sampled_from(
    [canonical(value) for value in (None, 1, 1.5, "x", [1], {1: 2}, {1}, (b"a",), 1j)]
)
likely_frames = st.lists(st.builds(framed, st.sampled_from(TAGS), bodies), max_size=6)
from_the_jail = st.binary(max_size=40) | st.builds(
    lambda frames, junk: framed(child.COMPILED, b"") + b"".join(frames) + junk,
    likely_frames,
    st.binary(max_size=6),
)


@given(
    st.sampled_from(RUNS),
    from_the_jail,
    st.integers(0, 0xFFFF),
    st.sampled_from([zygote.ENDED_ITSELF, zygote.ENDED_BY_CPU, zygote.ENDED_BY_WALL, 3, 200]),
    st.binary(max_size=20),
    st.booleans(),
)
@example(RUNS[0], framed(child.COMPILED, b"") + b"V\xff\xff\xff\xff", 0, 0, b"", False)
def test_no_bytes_of_the_jail_pass_or_break_the_judge(run, data, status, ended, out, overflowed):
    facts = Facts(status, ended, 0.1, 0.1, 1, data, out, out, overflowed)
    judgement = judge(run, facts, 1.0)
    assert judgement.verdict is not Verdict.PASSED
    assert len(judgement.tests) == len(run.checks)
    # Whatever it says of them can be sent.
    result_to_message(_result(judgement)).SerializeToString()


def _result(judgement: Any) -> Result:
    return Result("p", judgement.verdict, tests=judgement.tests, detail=judgement.detail)


LANGUAGES = (Language("python", "3", True, ""), Language("ada", "", False, "gnat"))
GOOD = Program(
    "p",
    "def f(a, b): return a",
    "f",
    (Test((1, [2.5, "x"]), {"k": (1, None)}), Test((True, []), frozenset({1}))),
    "assert f(1, 2) == 1",
)
STDIO = Program("s", "print(1)", None, (StdioTest("in", "out"),))


@given(st.data())
def test_broken_programs_are_refused_with_one_line(data):
    """Cut, change or join the bytes of good programs: runs come out, or one line that says why."""
    raw = bytearray(Writer().program(data.draw(st.sampled_from([GOOD, STDIO]))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    refusal, request = outcome(bytes(raw))
    if refusal is None:
        assert request is not None
        assert request.runs
    else:
        assert refusal.code in (Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED)
        assert refusal.message
        assert pb.Refusal(message=refusal.message).SerializeToString()


def outcome(raw: bytes) -> tuple[Refusal | None, Request | None]:
    try:
        return None, Requests(SandboxConfig(), LANGUAGES).read(raw)
    except RefusedError as refused:
        return refused.refusal, None


@given(st.binary(max_size=60))
def test_junk_is_no_program(junk):
    with pytest.raises(RefusedError):
        Requests(SandboxConfig(), LANGUAGES).read(junk)


def test_the_same_tests_are_prepared_once_and_differ_where_anything_of_them_does():
    requests = Requests(SandboxConfig(), LANGUAGES)

    def read(**changes: Any) -> Any:
        held = {"id": "p", "source": "a = 1", "entry_point": "f", "tests": (Test((1,), 2),)}
        return requests.read(Writer().program(Program(**{**held, **changes}))).runs[0]

    first, other = read(), read(source="b = 2", id="q")
    assert first.checks is other.checks
    assert first.payload != other.payload
    assert read().payload == first.payload
    for change in (
        {"tests": (Test((1,), 3),)},
        {"compare": Compare(0.5)},
        {"test_code": "assert f(1) == 2"},
    ):
        assert read(**change).checks != first.checks
    assert read(entry_point="g").payload != first.payload


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_the_link_takes_messages_or_says_that_it_is_broken(chunks):
    unframer, total = Unframer(), 0
    with contextlib.suppress(LinkError):
        for chunk in chunks:
            for kind, _, body in unframer.feed(chunk):
                assert kind in Kind
                total += len(body)
    assert total <= sum(map(len, chunks))


@given(st.binary(min_size=13, max_size=13), st.binary(max_size=30))
def test_a_good_message_before_a_broken_one_arrives(head, body):
    assert next(Unframer().feed(frame(Kind.CANCEL, 7, body) + head)) == (Kind.CANCEL, 7, body)


def test_the_tags_are_all_that_the_jail_writes():
    named = {value for name, value in vars(child).items() if name.isupper()}
    assert {value for value in named if isinstance(value, bytes)} == set(TAGS)


def test_a_source_that_is_no_text_is_refused_however_often_its_tests_came():
    requests = Requests(SandboxConfig(), LANGUAGES)
    good = Writer().program(GOOD)
    bad = good.replace(b"return a", b"return \xff")
    for raw in (bad, good, bad):
        if raw is good:
            assert requests.read(raw).runs
        else:
            with pytest.raises(RefusedError):
                requests.read(raw)


def test_ids_of_any_text_come_back():
    name = string.printable + "é\U0001f600"
    with pytest.raises(RefusedError) as refused:
        Requests(SandboxConfig(), LANGUAGES).read(
            Writer().program(Program(name, "x", "f", (Test((), 1),), language="ada"))
        )
    assert refused.value.id == name
    assert "gnat" in str(refused.value)
