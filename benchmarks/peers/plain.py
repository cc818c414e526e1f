"""One interpreter a program with the tests as assert statements: a harness without a sandbox."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.peers import SECONDS, Job

INSTALL = "it is part of Python"


def present() -> bool:
    """Whether it is here."""
    return True


def run(jobs: Sequence[Job], workers: int) -> list[bool]:
    """Return which programs ended without an error."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(_check, jobs))


def _check(job: Job) -> bool:
    return succeeds([sys.executable, "-c", job.source + "\n" + job.asserts(job.entry_point)])


def succeeds(command: list[str]) -> bool:
    """Whether a command ends with status 0 in time."""
    try:
        return (
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False).returncode
            == 0
        )
    except subprocess.TimeoutExpired:
        return False
