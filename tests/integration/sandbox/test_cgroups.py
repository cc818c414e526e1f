"""Real control groups of this host."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox import cgroups
from sandbox.backend import import_path
from sandbox.cgroups.delegation import LEAF, UnusableError, delegated, enable, step_up
from sandbox.cgroups.files import processes
from sandbox.cgroups.paths import own_groups
from sandbox.cgroups.sweep import kill_all, remove, server_name, sweep

MIB = 1 << 20
EAT = "import sys; sys.stdin.read(1); bytearray({}); sys.stdin.read(1)"
FORK = """
import os, sys, time
sys.stdin.read(1)
try:
    for _ in range(20):
        if os.fork() == 0: time.sleep(60)
except BlockingIOError:
    print("no more", flush=True)
time.sleep(60)
"""


def folders(pid: int | None = None) -> set[Path]:
    """Folders of one process, this one by default: servers of tests beside this come and go."""
    own = own_groups(
        Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text()
    )
    homes = [*own.v1.values(), *([own.v2] if own.v2 else [])]
    pattern = f"treewright-*-{pid or os.getpid()}-*"
    return {path for home in homes for path in home.glob(pattern)}


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while folders(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not folders(pid)


def python(code: str, environment: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )


def line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.fixture
def groups() -> Iterator[cgroups.Groups]:
    before = folders()
    found = cgroups.find()
    if found.mode == "rlimits":
        pytest.skip(f"no control groups here: {found.refused}")
    yield found
    found.close()
    assert folders() == before


def test_memory(groups):
    group = groups.create("a")
    group.limit(64 * MIB, 16)
    with python(EAT.format(40 * MIB)) as fits:
        group.add(fits.pid)
        fits.communicate(b"xx")
    assert fits.returncode == 0
    assert not group.oom_killed()
    assert 40 * MIB < group.peak_bytes() <= 64 * MIB
    with python(EAT.format(200 * MIB)) as bomb:
        group.add(bomb.pid)
        bomb.communicate(b"x")
    assert bomb.returncode == -signal.SIGKILL
    assert group.oom_killed()
    group.limit(128 * MIB, 16)  # the next run is another one
    assert not group.oom_killed()


def test_tasks_and_kill(groups):
    group = groups.create("a")
    group.limit(256 * MIB, 5)
    with python(FORK) as bomb:
        group.add(bomb.pid)
        assert bomb.stdin is not None
        bomb.stdin.write(b"x")
        bomb.stdin.flush()
        assert line(bomb) == b"no more\n"
        group.kill()
        assert bomb.wait(5) == -signal.SIGKILL
        assert line(bomb) == b""  # its children held that pipe: they are gone too


def test_cpu_seconds(groups):
    group = groups.create("a")
    group.limit(256 * MIB, 5)
    with python("import sys; sys.stdin.read(1)\nfor i in range(5_000_000): pass") as busy:
        group.add(busy.pid)
        busy.communicate(b"x")
    assert 0.02 < group.cpu_seconds() < 10
    group.limit(256 * MIB, 5)
    assert group.cpu_seconds() < 0.02


def test_a_dead_process_is_passed_over(groups):
    with python("") as dead:
        dead.communicate()
    groups.create("a").add(dead.pid)


def test_closing_a_group_ends_what_is_in_it(groups):
    group = groups.create("a")
    with python("import time; time.sleep(60)") as sleeper:
        group.add(sleeper.pid)
        group.close()
        assert sleeper.wait(5) == -signal.SIGKILL
    groups.create("a")  # the name is free again


SERVER = """
import sys, time
from sandbox import cgroups
groups = cgroups.find()
group = groups.create("a")
import subprocess
sleeper = subprocess.Popen(["sleep", "60"])
group.add(sleeper.pid)
print(groups.mode, sleeper.pid, flush=True)
time.sleep(60)
"""


def test_a_killed_server_leaves_nothing():
    with python(SERVER, {**os.environ, "PYTHONPATH": import_path()}) as server:
        mode, sleeper = line(server).split()
        if mode == b"rlimits":
            server.kill()
            os.kill(int(sleeper), signal.SIGKILL)
            pytest.skip("no control groups here")
        assert folders(server.pid)
        server.kill()
    wait_until_gone(server.pid)
    with contextlib.suppress(psutil.NoSuchProcess):
        assert psutil.Process(int(sleeper)).status() == psutil.STATUS_ZOMBIE  # init's to reap


def test_the_next_start_sweeps(groups):
    """A dead server's folder goes, ours and one of another pid namespace stay."""
    ours = sorted(folders())
    homes = {path.parent for path in ours}
    dead = server_name().rsplit("-", 1)[0] + "-1"  # this pid, but started at another time
    elsewhere = server_name().replace("treewright-", "treewright-1")
    for home in homes:
        (home / dead / "a").mkdir(parents=True)
        (home / elsewhere).mkdir()
    try:
        for home in homes:
            sweep(home)
            assert not (home / dead).exists()
            assert (home / elsewhere).exists()
        assert set(ours) <= folders()
    finally:
        for home in homes:
            (home / elsewhere).rmdir()


# v2 on a host whose memory and pids controllers are v1's: all but their files is real.


@pytest.fixture
def v2() -> Iterator[Path]:
    own = own_groups(
        Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text()
    ).v2
    if own is None or not os.access(own, os.W_OK):
        pytest.skip("no cgroup v2 that can be written")
    home = own / f"tests-{os.getpid()}"
    home.mkdir()
    yield home
    remove(home)
    assert not home.exists()


def test_v2_kill(v2):
    with python("import os, time\nos.fork(); print(1, flush=True); time.sleep(60)") as tree:
        line(tree)
        line(tree)
        (v2 / "inner").mkdir()
        (v2 / "inner" / "cgroup.procs").write_text(str(tree.pid))
        child = int(Path(f"/proc/{tree.pid}/task/{tree.pid}/children").read_text())
        (v2 / "inner" / "cgroup.procs").write_text(str(child))
        assert set(processes(v2 / "inner")) == {tree.pid, child}
        kill_all(v2 / "inner")
        assert processes(v2 / "inner") == []
        assert tree.wait(5) == -signal.SIGKILL


DELEGATE = """
import sys
from pathlib import Path
from sandbox.cgroups.delegation import delegated, step_up
home, controller = Path(sys.argv[1]), sys.argv[2]
(home / "cgroup.procs").write_text("0")
sys.stdin.read(1)
try:
    assert delegated(home, (controller,)) == home
except Exception as error:
    print(type(error).__name__, error, flush=True)
    raise SystemExit
print(open("/proc/self/cgroup").read().splitlines()[-1], flush=True)
sys.stdin.read(1)
step_up(home)
print(open("/proc/self/cgroup").read().splitlines()[-1], flush=True)
"""


@pytest.mark.parametrize("alone", [True, False])
def test_v2_processes_step_down_and_up(v2, alone):
    offered = (v2 / "cgroup.controllers").read_text().split()
    if not offered:
        pytest.skip("no controller is left to cgroup v2 here")
    with subprocess.Popen(
        [sys.executable, "-c", DELEGATE, str(v2), offered[0]],
        env={**os.environ, "PYTHONPATH": import_path()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        while server.pid not in processes(v2):
            time.sleep(0.01)
        with python("import time; time.sleep(60)") as stranger:
            if not alone:
                (v2 / "cgroup.procs").write_text(str(stranger.pid))
            server.stdin.write("xx")
            server.stdin.flush()
            lines = server.communicate()[0].splitlines()
            stranger.kill()
    if alone:
        assert lines[0].endswith(f"{v2.name}/{LEAF}")
        assert lines[1].endswith(v2.name)
    else:
        assert lines[0].startswith("UnusableError")
        assert "1 processes besides the server's" in lines[0]


def test_v2_controllers_reach_the_groups(v2):
    offered = (v2 / "cgroup.controllers").read_text().split()
    if not offered:
        pytest.skip("no controller is left to cgroup v2 here")
    assert delegated(v2, (offered[0],)) == v2
    (v2 / "server").mkdir()
    enable(v2 / "server", (offered[0],))
    (v2 / "server" / "slot").mkdir()
    assert offered[0] in (v2 / "server" / "slot" / "cgroup.controllers").read_text().split()


def test_v2_without_the_controller(v2):
    with pytest.raises(UnusableError, match="no controller no-such-thing in"):
        delegated(v2, ("no-such-thing",))


def test_step_up_where_nobody_stepped_down(v2):
    step_up(v2)
    assert v2.exists()
