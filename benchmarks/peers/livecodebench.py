"""A harness built the way LiveCodeBench's is: a process a program, alarms, a manager's list.

Its published structure in our own words (https://github.com/LiveCodeBench/LiveCodeBench, the code
runner): a pool's worker starts a process for each program; that process takes the dangerous
functions away, loads the program as a module, calls it with an alarm around each test, compares
with `==` beside the program, and puts the outcomes into a list that a manager's process holds.
"""

import io
import multiprocessing
import os
import shutil
import signal
import subprocess
from collections.abc import MutableSequence, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from types import FrameType, ModuleType

from benchmarks.peers import SECONDS, Job

INSTALL = "it is restated here"
_TAKEN = {
    os: ("kill", "system", "fork", "forkpty", "remove", "unlink", "rmdir", "rename", "setuid"),
    shutil: ("rmtree", "move", "chown"),
    subprocess: ("Popen",),
}


class AlarmError(Exception):
    """A test took too long."""


def present() -> bool:
    """Whether it is here."""
    return True


def run(jobs: Sequence[Job], workers: int) -> list[bool]:
    """Return which programs have nothing but right outcomes."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_check, jobs))


def _check(job: Job) -> bool:
    with multiprocessing.Manager() as manager:
        outcomes: MutableSequence[bool] = manager.list()
        process = multiprocessing.Process(target=_run_tests, args=(job, outcomes))
        process.start()
        process.join(SECONDS * len(job.cases) + 1)
        if process.is_alive():
            process.kill()
            process.join()
        found = list(outcomes)
    return bool(found) and all(outcome is True for outcome in found)


def _run_tests(job: Job, outcomes: MutableSequence[bool]) -> None:
    for owner, names in _TAKEN.items():
        for name in names:
            setattr(owner, name, None)
    signal.signal(signal.SIGALRM, _on_alarm)
    module = ModuleType("tmp_sol")
    with redirect_stdout(io.StringIO()):
        try:
            signal.alarm(int(SECONDS))
            exec(job.source, module.__dict__)
            function = getattr(module, job.entry_point)
            signal.alarm(0)
        except Exception:  # noqa: BLE001 - of the program
            outcomes.append(False)
            return
        for args, expected in job.cases:
            outcomes.append(_one(function, args, expected))
            if not outcomes[-1]:
                return


def _one(function: object, args: tuple[object, ...], expected: object) -> bool:
    signal.alarm(int(SECONDS))
    try:
        answer = function(*args)  # type: ignore[operator]
        if isinstance(answer, tuple):
            answer = list(answer)
        return bool(answer == expected)
    except Exception:  # noqa: BLE001 - of the program
        return False
    finally:
        signal.alarm(0)


def _on_alarm(number: int, frame: FrameType | None) -> None:
    raise AlarmError
