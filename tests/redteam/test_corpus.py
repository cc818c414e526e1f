"""Every program of the corpus on every ground: the verdict it must get, and no trace of it.

All programs are submitted at once, so that those which sleep share the time; after
each comes a look at what the slots' processes know.
"""

import platform
from dataclasses import dataclass

import psutil
import pytest

from benchmarks.watch import jails
from sandbox.types import Limits, Program, Result, Test, Verdict
from tests.redteam.conftest import GROUNDS, serving
from tests.redteam.corpus_loader import load

CORPUS = load("corpus")
SLOTS = 6
MACHINE = platform.machine()
FINGERPRINT = """
import builtins, gc, os, random, signal, sys

def f():
    held = [
        sorted(vars(builtins)), sorted(sys.modules), sys.path, sorted(os.environ.items()),
        os.getcwd(), os.umask(0), os.getresuid()[0] == os.getuid(), os.getpid() > 1,
        [str(signal.getsignal(number)) for number in range(1, 65) if number not in (32, 33)],
        signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.getitimer(signal.ITIMER_REAL),
        sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold(), gc.isenabled(),
        random.random(), os.get_blocking(0), os.get_blocking(1), sys.gettrace(), sys.getprofile(),
        sorted(vars(sys)), os.listdir("/usr"), len(gc.callbacks),
    ]
    number = 0
    for byte in repr(held).encode():
        number = (number * 257 + byte) % (2**61 - 1)
    return number
"""


@dataclass(frozen=True)
class Outcome:
    """What a hostile program showed, and what a look after it showed."""

    hostile: Result
    look: Result


@dataclass(frozen=True)
class Ran:
    """The whole corpus on one server."""

    outcomes: dict[str, Outcome]
    jails_before: set[psutil.Process]
    jails_after: set[psutil.Process]


def look(expected: object) -> Program:
    limits = Limits(cpu_seconds=20, wall_seconds=200)
    return Program("look", FINGERPRINT, "f", (Test((), expected),), limits=limits)


@pytest.fixture(scope="session", params=GROUNDS, ids=str)
def ran(request: pytest.FixtureRequest) -> Ran:
    """Run all of it, once a ground."""
    chosen = [hostile for hostile in CORPUS if hostile.fits(request.param.tier, MACHINE)]
    with serving(request.param, SLOTS) as (running, made):
        untouched = int(made.execute([look(0)])[0].tests[0].actual)
        before = jails(running)
        programs = [item for hostile in chosen for item in (hostile.program, look(untouched))]
        results = made.execute(programs)
        last = made.execute([look(untouched)] * (4 * SLOTS))
        assert {result.verdict for result in last} == {Verdict.PASSED}
        pairs = zip(results[::2], results[1::2], strict=True)
        outcomes = {first.id: Outcome(first, second) for first, second in pairs}
        return Ran(outcomes, before, jails(running))


@pytest.mark.parametrize("hostile", CORPUS, ids=[hostile.name for hostile in CORPUS])
def test_hostile_program(ran, hostile):
    if hostile.name not in ran.outcomes:
        pytest.skip("another tier's or another machine's")
    outcome = ran.outcomes[hostile.name]
    complaint = hostile.complaint(outcome.hostile)
    assert not complaint, f"{complaint}: {outcome.hostile}"
    assert outcome.look.verdict is Verdict.PASSED, outcome.look


def test_no_jail_had_to_be_replaced(ran):
    assert ran.jails_before == ran.jails_after
    assert len(ran.jails_after) == SLOTS + 1  # and a spare


def test_the_corpus_is_large():
    assert len(CORPUS) > 100
