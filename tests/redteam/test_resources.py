"""Programs that take too much: time, memory, output, processes."""

import dataclasses

import pytest

from sandbox.types import Limits, Result, Verdict

LIMITS = Limits(cpu_seconds=0.4, wall_seconds=60.0)
SHORT = dataclasses.replace(LIMITS, wall_seconds=0.7)


def is_limit(result: Result, verdict: Verdict, detail: str | None = None) -> None:
    assert result.verdict is verdict, result
    assert not result.security_violation
    if detail is not None:
        assert result.detail == detail, result


def test_infinite_loop(run):
    is_limit(run("def f(x):\n    while True: pass"), Verdict.TIME_LIMIT, "cpu")


def test_infinite_loop_at_load(run):
    is_limit(run("while True: pass"), Verdict.TIME_LIMIT, "cpu")


def test_catastrophic_regex(run):
    source = "import re\ndef f(x): return re.match('(a+)+$', 'a' * 40 + 'b')"
    is_limit(run(source), Verdict.TIME_LIMIT, "cpu")


def test_huge_power(run):
    is_limit(run("def f(x): return 7 ** 10 ** 9"), Verdict.TIME_LIMIT, "cpu")


def test_endless_finalizers(run):
    source = """
class A:
    def __del__(self):
        while True: A()
def f(x):
    A()
    return 4
"""
    result = run(source)
    assert result.verdict in (Verdict.TIME_LIMIT, Verdict.RUNTIME_ERROR)
    assert result.verdict is not Verdict.PASSED


def test_sleep(run):
    is_limit(run("import time\ndef f(x): time.sleep(60)", limits=SHORT), Verdict.TIME_LIMIT, "wall")


def test_stop_itself(run):
    source = "import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGSTOP)"
    is_limit(run(source, limits=SHORT), Verdict.TIME_LIMIT, "wall")


def test_ignore_every_signal_and_spin(run):
    source = """
import signal
def f(x):
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: pass
"""
    is_limit(run(source), Verdict.TIME_LIMIT, "cpu")


def test_catch_everything_and_spin(run):
    source = """
def f(x):
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
    is_limit(run(source), Verdict.TIME_LIMIT, "cpu")


def test_limit_signal_on_itself_is_no_time_limit(run):
    source = "import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGXCPU)"
    result = run(source)
    assert (result.verdict, result.detail) == (Verdict.RUNTIME_ERROR, "SIGXCPU")


def test_endless_list(run):
    source = "def f(x):\n    held = []\n    while True: held.append(bytearray(2**20))"
    is_limit(run(source, limits=dataclasses.replace(LIMITS, cpu_seconds=5)), Verdict.MEMORY_LIMIT)


def test_terabyte_bytearray(run):
    is_limit(run("def f(x): return len(bytearray(2**40))"), Verdict.MEMORY_LIMIT)


def test_terabyte_at_load(run):
    is_limit(run("held = bytearray(2**40)\ndef f(x): return 4"), Verdict.MEMORY_LIMIT)


def test_anonymous_mmap(run):
    source = "import mmap\ndef f(x): return len(mmap.mmap(-1, 2**40))"
    result = run(source)
    assert result.verdict in (Verdict.MEMORY_LIMIT, Verdict.RUNTIME_ERROR)
    assert result.peak_rss_bytes < LIMITS.memory_bytes


def test_memory_stays_below_the_limit(run):
    source = (
        "def f(x):\n    held = []\n    while True: held.append(b'x' * 4096 + bytes(held and 1))"
    )
    result = run(source, limits=dataclasses.replace(LIMITS, memory_bytes=64 * 2**20, cpu_seconds=5))
    is_limit(result, Verdict.MEMORY_LIMIT)
    assert result.peak_rss_bytes < 64 * 2**20


@pytest.mark.parametrize("descriptor", [1, 2])
def test_output_flood(run, descriptor):
    source = f"import os\ndef f(x):\n    while True: os.write({descriptor}, b'x' * 65536)"
    result = run(source, limits=dataclasses.replace(LIMITS, cpu_seconds=5))
    is_limit(result, Verdict.OUTPUT_LIMIT)
    assert len(result.stdout) + len(result.stderr) < 10_000


def test_print_flood(run):
    result = run(
        "def f(x):\n    while True: print('x' * 1000)",
        limits=dataclasses.replace(LIMITS, cpu_seconds=5),
    )
    is_limit(result, Verdict.OUTPUT_LIMIT)


def test_huge_return(run):
    is_limit(run("def f(x): return 'x' * 2**26"), Verdict.OUTPUT_LIMIT)


def test_huge_container(run):
    is_limit(run("def f(x): return [0] * 2**22"), Verdict.OUTPUT_LIMIT)


def test_huge_integer(run):
    is_limit(run("def f(x): return 1 << (2**26)"), Verdict.OUTPUT_LIMIT)


def test_flood_of_the_results(run):
    source = """
import os
def f(x):
    while True:
        for number in range(3, 20):
            try: os.write(number, b'x' * 65536)
            except OSError: pass
"""
    result = run(source, limits=dataclasses.replace(LIMITS, cpu_seconds=5))
    assert result.verdict is Verdict.OUTPUT_LIMIT


@pytest.mark.parametrize(
    "call",
    [
        "os.fork()",
        "threading.Thread(target=print).start()",
        "os.posix_spawn('/usr/bin/true', ['true'], {})",
        "os.execv('/usr/bin/true', ['true'])",
        "os.system('true')",
        "subprocess.run(['/usr/bin/true'])",
        "os.memfd_create('x')",
        "multiprocessing.Process(target=print).start()",
    ],
)
def test_another_process_or_thread(run, call):
    source = (
        f"import multiprocessing, os, subprocess, threading\ndef f(x):\n    {call}\n    return 4"
    )
    result = run(source)
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation
    assert result.tests[0].security_violation


def test_fork_bomb_that_catches_all(run):
    source = """
import os
def f(x):
    while True:
        try: os.fork()
        except BaseException: pass
"""
    result = run(source)
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation
