"""However a server ends, no process, mount or file of it stays."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from sandbox.backend import import_path
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Limits, Program, Test

SLEEPER = Program(
    "p",
    "import time\ndef f(): time.sleep(60)",
    "f",
    (Test((), 1),),
    limits=Limits(wall_seconds=120),
)


def tree(server: LocalServer) -> list[psutil.Process]:
    front_end = psutil.Process(server.process.pid)
    return [front_end, *front_end.children(recursive=True)]


def programs(processes: list[psutil.Process]) -> int:
    """How many jails have a child."""
    return sum("boot.py" in " ".join(p.cmdline()) and p.children() != [] for p in processes)


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=10)
    return not alive


def mounts() -> str:
    return Path("/proc/self/mounts").read_text()


def files() -> set[str]:
    return {path.name for folder in ("/tmp", "/") for path in Path(folder).iterdir()}


def groups(processes: list[psutil.Process]) -> list[Path]:
    """Control groups that a process of the server made."""
    names = [f"treewright-*-{process.pid}-*" for process in processes]
    return [path for name in names for path in Path("/sys/fs/cgroup").rglob(name)]


@pytest.fixture
def busy():
    """A server whose two slots both run a program, and its processes."""
    before = mounts(), files()
    server = LocalServer(SandboxConfig(slots=2)).start()
    client = SandboxClient(server.target)
    client.submit([SLEEPER] * 2)
    deadline = time.monotonic() + 20
    while programs(processes := tree(server)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert programs(processes) == 2
    client.close()
    yield server, processes
    server.stop()
    assert gone(processes)
    assert mounts() == before[0]
    assert not groups(processes)
    assert not {name for name in files() - before[1] if "sandbox" in name}


def test_stop(busy):
    server, processes = busy
    server.stop()
    assert gone(processes)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal(busy, number):
    server, processes = busy
    os.kill(server.process.pid, number)
    assert server.process.wait(20) == 0
    assert gone(processes)


def test_front_end_killed(busy):
    server, processes = busy
    server.process.kill()
    assert gone(processes)


def test_dispatcher_killed(busy):
    server, processes = busy
    processes[1].kill()
    assert server.process.wait(20) == 2
    assert gone(processes)
    assert "dispatcher died" in server.errors()


def test_parent_killed():
    code = (
        "import time\n"
        "from sandbox.local import LocalServer\n"
        "server = LocalServer().start()\n"
        "print(server.process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": import_path()},
    ) as parent:
        assert parent.stdout is not None
        front_end = psutil.Process(int(parent.stdout.readline()))
        processes = [front_end, *front_end.children(recursive=True)]
        parent.kill()
    assert len(processes) >= 3
    assert gone(processes)
    assert not groups(processes)
