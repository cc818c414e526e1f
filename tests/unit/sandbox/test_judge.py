import signal
from typing import Any

import pytest

from sandbox.canonical import canonical
from sandbox.jail import child, zygote
from sandbox.judge import Facts, judge
from sandbox.plan import CallCheck, OutputCheck, PlanError, Run, WeakCheck, plan
from sandbox.types import Compare, Program, Signature, StdioTest, Test, Verdict

CPU_LIMIT = 2.0
CALLS = Run(b"", b"", (CallCheck(canonical(4), Compare()), CallCheck(canonical(5), Compare())))


def framed(tag: bytes, body: bytes = b"") -> bytes:
    return tag + len(body).to_bytes(4, "little") + body


COMPILED, DONE = framed(child.COMPILED), framed(child.DONE)
FOUR, FIVE = framed(child.VALUE, canonical(4)), framed(child.VALUE, canonical(5))


def ended(
    results: bytes = b"",
    *,
    signal_number: int = 0,
    status: int = 0,
    ended: int = zygote.ENDED_ITSELF,
    cpu: float = 0.01,
    stdout: bytes = b"",
    overflowed: bool = False,
) -> Facts:
    word = signal_number or status << 8
    return Facts(word, ended, cpu, 0.02, 10, results, stdout, b"", overflowed)


def verdicts(run: Run, facts: Facts) -> tuple[Verdict, list[Verdict], bool]:
    judgement = judge(run, facts, CPU_LIMIT)
    return (
        judgement.verdict,
        [test.verdict for test in judgement.tests],
        judgement.security_violation,
    )


P, W, C, R, T, M, LARGE, FAULT = (
    Verdict.PASSED,
    Verdict.WRONG_ANSWER,
    Verdict.COMPILE_ERROR,
    Verdict.RUNTIME_ERROR,
    Verdict.TIME_LIMIT,
    Verdict.MEMORY_LIMIT,
    Verdict.OUTPUT_LIMIT,
    Verdict.INTERNAL,
)


def killed(results: bytes = b"", **rest: Any) -> Facts:
    return ended(results, signal_number=signal.SIGKILL, **rest)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (ended(COMPILED + FOUR + FIVE + DONE), (P, [P, P], False)),
        (ended(COMPILED + FOUR + FOUR + DONE), (W, [P, W], False)),
        (ended(COMPILED + FOUR + FIVE), (R, [P, P], False)),
        (ended(COMPILED + FOUR), (R, [P, R], False)),
        (ended(COMPILED), (R, [R, R], False)),
        (ended(framed(child.COMPILE_ERROR, b"bad")), (C, [C, C], False)),
        (ended(signal_number=signal.SIGSEGV), (C, [C, C], False)),
        (ended(status=child.EXIT_BROKEN), (FAULT, [FAULT, FAULT], False)),
        (ended(COMPILED, status=child.EXIT_BROKEN), (R, [R, R], False)),
        (ended(COMPILED + framed(child.LOAD_ERROR, b"x")), (R, [R, R], False)),
        (ended(COMPILED + framed(child.NO_MEMORY)), (M, [M, M], False)),
        (ended(COMPILED + framed(child.NO_MEMORY) + FIVE + DONE), (M, [M, P], False)),
        (ended(COMPILED + framed(child.TOO_LARGE) + FIVE + DONE), (LARGE, [LARGE, P], False)),
        (ended(COMPILED + framed(child.EXCEPTION, b"e") + FIVE + DONE), (R, [R, P], False)),
        (killed(COMPILED + FOUR, ended=zygote.ENDED_BY_CPU), (T, [P, T], False)),
        (killed(COMPILED + FOUR, ended=zygote.ENDED_BY_WALL), (T, [P, T], False)),
        (killed(ended=zygote.ENDED_BY_CPU), (T, [T, T], False)),
        (killed(COMPILED + FOUR, overflowed=True), (LARGE, [P, LARGE], False)),
        (killed(COMPILED + FOUR + FIVE[:-1]), (R, [P, R], False)),
        (ended(COMPILED, signal_number=signal.SIGXCPU, cpu=2.5), (T, [T, T], False)),
        (ended(COMPILED, signal_number=signal.SIGXCPU, cpu=0.1), (R, [R, R], False)),
        (ended(COMPILED, signal_number=signal.SIGKILL, cpu=0.1), (R, [R, R], False)),
        (ended(COMPILED + FOUR, signal_number=signal.SIGSYS), (R, [P, R], True)),
        (ended(COMPILED + FOUR + FIVE + DONE, signal_number=signal.SIGSYS), (R, [P, P], True)),
        (ended(COMPILED + FOUR + FIVE + DONE, status=3), (R, [P, P], False)),
        (ended(COMPILED + FOUR + FIVE + FIVE + DONE), (R, [R, R], True)),
        (ended(COMPILED + FOUR + DONE), (R, [R, R], True)),
        (ended(COMPILED + FOUR + DONE + FIVE), (R, [R, R], True)),
        (ended(FOUR + FIVE + DONE), (R, [R, R], True)),
        (ended(COMPILED + FOUR + b"junk"), (R, [R, R], True)),
        (ended(COMPILED + framed(child.WEAK_PASSED) * 2 + DONE), (R, [R, R], True)),
        (ended(COMPILED + framed(b"?") + FIVE + DONE), (R, [R, P], True)),
        (ended(COMPILED + framed(child.VALUE, b"forged") + FIVE + DONE), (R, [R, P], True)),
    ],
)
def test_calls(facts, expected):
    assert verdicts(CALLS, facts) == expected


@pytest.mark.parametrize("cut", range(len(COMPILED + FOUR + FIVE + DONE)))
def test_no_part_of_a_good_answer_passes(cut):
    data = (COMPILED + FOUR + FIVE + DONE)[:cut]
    for facts in (ended(data), ended(data, signal_number=signal.SIGKILL)):
        assert judge(CALLS, facts, CPU_LIMIT).verdict is not P


def test_weak_tests_are_labelled_in_every_verdict():
    run = Run(b"", b"", (WeakCheck(),))
    for frames, verdict in (
        (framed(child.WEAK_PASSED) + DONE, P),
        (framed(child.WEAK_FAILED, b"AssertionError") + DONE, W),
        (framed(child.EXCEPTION, b"e") + DONE, R),
        (FOUR + DONE, R),
        (b"", R),
    ):
        judgement = judge(run, ended(COMPILED + frames), CPU_LIMIT)
        assert judgement.verdict is verdict
        assert judgement.tests[0].weak


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (ended(COMPILED + DONE, stdout=b"a \nb\n\n"), P),
        (ended(COMPILED, stdout=b"a\nb"), P),
        (ended(COMPILED + DONE, stdout=b"a b"), W),
        (ended(COMPILED + DONE, stdout=b"a\n\nb"), W),
        (ended(COMPILED + DONE, stdout=b"\xff"), W),
        (ended(COMPILED, stdout=b"a\nb", status=1), R),
        (ended(COMPILED + framed(child.LOAD_ERROR, b"e") + DONE, stdout=b"a\nb"), R),
        (ended(COMPILED + framed(child.NO_MEMORY) + DONE, stdout=b"a\nb"), M),
        (ended(COMPILED, stdout=b"a\nb", overflowed=True), LARGE),
        (killed(COMPILED, stdout=b"a\nb", ended=zygote.ENDED_BY_WALL), T),
    ],
)
def test_output(facts, verdict):
    run = Run(b"", b"", (OutputCheck("a\nb\n"),))
    assert judge(run, facts, CPU_LIMIT).verdict is verdict


def test_details_say_what_happened():
    assert judge(CALLS, ended(COMPILED, signal_number=signal.SIGSEGV), 1).detail == "SIGSEGV"
    assert judge(CALLS, ended(COMPILED, status=3), 1).detail == "exit status 3"
    shown = judge(CALLS, ended(COMPILED + framed(b"V", canonical({1: "é"})) + FIVE + DONE), 1)
    assert shown.tests[0].actual == "{1: '\\xe9'}"
    long = judge(CALLS, ended(COMPILED + framed(b"V", canonical("x" * 9999)) + FIVE + DONE), 1)
    assert long.tests[0].actual == "a value of 10005 bytes"


def test_the_payload_holds_no_expected_value():
    secret = "the expected value"
    program = Program(
        "p", "x", "f", (Test(("argument",), secret),), "assert f('a') == 'other secret'"
    )
    [run] = plan(program)
    assert b"argument" in run.payload
    assert secret.encode() not in run.payload
    assert b"other secret" not in run.payload
    [script] = plan(Program("p", "x", None, (StdioTest("question", secret),)))
    assert secret.encode() not in script.payload + script.stdin


@pytest.mark.parametrize(
    "program",
    [
        Program("p", "x", "f"),
        Program("p", "x", None, (Test((), 1),)),
        Program("p", "x", "f", (Test((), 1), StdioTest("", ""))),
        Program("p", "x", "f", (StdioTest("", ""),), "assert f()"),
        Program("p", "x", "f", (Test((), object()),)),
        Program("p", "x", "f", (Test((), 1),), signature=Signature((), "str")),
    ],
)
def test_programs_that_can_not_be_planned(program):
    with pytest.raises(PlanError, match="'p'"):
        plan(program)
