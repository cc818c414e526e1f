"""Runs the command line as a user does: a process of its own, in a folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
SMOKE = REPOSITORY / "configs" / "smoke.yaml"


@dataclass
class CommandLine:
    """Starts `treewright` in `folder`; whatever still runs at the end is killed."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self, *arguments: str | Path, piped: bool = False, **environment: str
    ) -> subprocess.Popen[str]:
        """Start a command; with `piped` its standard input and errors have pipes of their own."""
        process = subprocess.Popen(
            # As from a terminal: what runs in the background of a shell ignores Ctrl-C.
            ["env", "--default-signal=INT", sys.executable, "-m", "treewright"]
            + [str(argument) for argument in arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"} | environment,
            stdin=subprocess.PIPE if piped else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if piped else subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str | Path, **environment: str) -> tuple[int, str]:
        process = self.start(*arguments, piped=False, **environment)
        output, _ = process.communicate(timeout=240)
        return process.returncode, output

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    command_line = CommandLine(tmp_path)
    yield command_line
    command_line.close()


@pytest.fixture
def wait_for() -> Callable[[Callable[[], object], float], object]:
    """Poll until something is true, and return it."""
    import time

    def wait(condition: Callable[[], object], seconds: float = 60.0) -> object:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds:.0f} s")

    return wait
