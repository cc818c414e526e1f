"""T3, the tier without namespaces; and servers on hosts that lack what a tier needs."""

import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import ServerError
from sandbox.local import LocalServer
from sandbox.types import Limits, Program, Result, Test, Verdict
from tests.integration.sandbox.poor_host import HEADER, without
from tests.redteam.conftest import UnprivilegedServer, readable_python

NAMESPACES = {"unshare", "clone3"}
LANDLOCK = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
SLEEPER = Program(
    "sleeper", "import time\ndef f(): time.sleep(60)", "f", (Test((), 1),),
    limits=Limits(wall_seconds=120),
)  # fmt: skip

needs_header = pytest.mark.skipif(
    platform.machine() != "x86_64" or not HEADER.exists(), reason="needs the x86_64 header"
)


def t3(slots: int = 1, tier: str = "T3") -> SandboxConfig:
    return SandboxConfig(tier=tier, slots=slots, interpreter=readable_python()[0])


def told(source: str, client: SandboxClient) -> str:
    """What a program raises."""
    program = Program("told", f"import os\ndef f(): raise ValueError({source})", "f",
                      (Test((), 0),))  # fmt: skip
    return client.execute([program])[0].detail


def jails(server: LocalServer) -> list[psutil.Process]:
    [dispatcher] = psutil.Process(server.process.pid).children()
    return [p for p in dispatcher.children() if any("boot.py" in word for word in p.cmdline())]


def program_of(server: LocalServer) -> psutil.Process:
    """The one program that runs, once it does."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = [child for jail in jails(server) for child in jail.children()]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError("no program runs")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_t3_started_by_root_has_ids_of_its_own():
    config = t3(slots=2)
    with LocalServer(config) as server, SandboxClient(server.target) as client:
        assert server.tier == "T3"
        ids = [jail.uids().real for jail in jails(server)]
        assert len(set(ids)) == len(ids) >= 2
        assert all(config.first_id <= number < config.first_id + 100 for number in ids)
        seen = told("os.getresuid(), os.getresgid(), os.getgroups()", client)
    found = re.fullmatch(r"ValueError: \((\(.*\)), (\(.*\)), \[\]\).*", seen)
    assert found is not None, seen
    assert found[1] == found[2]
    assert int(found[1].strip("()").split(",")[0]) in ids


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become nobody")
def test_t3_started_by_nobody():
    with (
        UnprivilegedServer(SandboxConfig(tier="T3", slots=1)) as server,
        SandboxClient(server.target) as client,
    ):
        assert server.tier == "T3"
        assert "PermissionError" in told("open('/etc/passwd').read()", client)
        [jail] = jails(server)[:1]
        hostile = f"os.kill({jail.pid}, 9)"
        assert told(hostile, client) == "a forbidden system call"
        assert told(f"os.kill({server.process.pid}, 9)", client) == "a forbidden system call"
        assert jail.is_running()


def test_t3_no_program_outlives_its_jail():
    """Without a pid namespace an orphan is conceivable; the jail's end must be its end."""
    with LocalServer(t3()) as server, SandboxClient(server.target) as client:
        pending = client.submit([SLEEPER])
        victim = program_of(server)
        victim.parent().kill()
        _, alive = psutil.wait_procs([victim], timeout=5)
        assert not alive
        again = program_of(server)  # on another jail
        assert again.pid != victim.pid
        [dispatcher] = psutil.Process(server.process.pid).children()
        assert not [p for p in dispatcher.children() if p.status() == psutil.STATUS_ZOMBIE]
        pending.cancel()


@pytest.mark.parametrize("which", ["front end", "dispatcher"])
def test_t3_nothing_outlives_a_killed_server(which):
    with LocalServer(t3()) as server:
        client = SandboxClient(server.target)
        client.submit([SLEEPER])
        program = program_of(server)
        front_end = psutil.Process(server.process.pid)
        processes = [*front_end.children(recursive=True)]
        assert program in processes
        (front_end if which == "front end" else processes[0]).kill()
        _, alive = psutil.wait_procs(processes, timeout=10)
        assert not alive
        client.close()


# Hosts that lack something.


def poor_server(names: set[str], folder: Path, config: SandboxConfig) -> LocalServer:
    class Poor(LocalServer):
        def command(self) -> tuple[list[str], dict[str, str]]:
            command, environment = super().command()
            return [*without(names, folder), *command], environment

    return Poor(config)


@needs_header
def test_without_namespaces_the_best_tier_is_t3(tmp_path):
    with poor_server(NAMESPACES, tmp_path, t3(tier="auto")) as server:
        assert server.tier == "T3"
        with SandboxClient(server.target) as client:
            result: Result = client.execute([Program("p", "def f(): return 1", "f",
                                                     (Test((), 1),))])[0]  # fmt: skip
            assert result.verdict is Verdict.PASSED
            missing = {item.name: item for item in client.describe().primitives}
    assert not missing["user namespace"].available
    assert missing["user namespace"].reason == "unshare: Function not implemented"
    assert missing["landlock"].available


@needs_header
@pytest.mark.parametrize(
    ("names", "tier"), [(NAMESPACES, "T2"), (LANDLOCK, "T3"), (NAMESPACES | LANDLOCK, "auto")]
)
def test_a_server_fails_closed(tmp_path, names, tier):
    config = t3(tier=tier)
    with pytest.raises(ServerError, match="no jail can be built here") as refused:
        poor_server(names, tmp_path, config).start()
    assert "\n" not in str(refused.value)
    assert ("Landlock is not there" in str(refused.value)) == (names != NAMESPACES)
    words = [f"tier={tier}", f"interpreter={config.interpreter}", "port=0"]
    served = treewright(["sandbox", "serve", *words], without(names, tmp_path))
    assert served.returncode == 2
    assert served.stderr.count("\n") == 1
    assert "no jail can be built here" in served.stderr


# The doctor.


def treewright(words: list[str], before: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*before, sys.executable, "-m", "treewright", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_doctor():
    answer = treewright(["sandbox", "doctor", "--json"], [])
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert report["tier"] == next(tier["name"] for tier in report["tiers"] if tier["available"])
    names = [item["name"] for item in report["primitives"]]
    assert len(names) == len(set(names)) > 20
    assert all(bool(item["enable"]) != item["available"] for item in report["primitives"]
               if item["name"] != "C zygote loop")  # fmt: skip
    assert report["languages"][0]["name"] == "python"


def test_doctor_says_what_a_server_with_these_settings_would_take():
    answer = treewright(["sandbox", "doctor", "tier=T3", f"interpreter={t3().interpreter}",
                         "zygote=python"], [])  # fmt: skip
    assert answer.returncode == 0
    assert "A server takes tier T3," in answer.stdout
    assert "zygote loop: python" in answer.stdout


def test_doctor_without_an_interpreter():
    answer = treewright(["sandbox", "doctor", "interpreter=/no/python"], [])
    assert answer.returncode == 1
    assert "No server can start: sandbox.interpreter: /no/python does not run" in answer.stdout


@needs_header
def test_doctor_where_the_container_forbids_namespaces(tmp_path):
    before = without({*NAMESPACES, "pidfd_open"}, tmp_path)
    answer = treewright(["sandbox", "doctor", "--json", f"interpreter={t3().interpreter}"], before)
    report = json.loads(answer.stdout)
    primitives = {item["name"]: item for item in report["primitives"]}
    for name in ("user namespace", "net namespace", "id maps", "pivot_root", "pidfd"):
        assert not primitives[name]["available"]
        assert "seccomp=deploy/seccomp/sandbox.json" in primitives[name]["enable"]
    assert primitives["seccomp filter"]["available"]
    assert {tier["name"]: tier["available"] for tier in report["tiers"]}["T2"] is False


def test_doctor_where_the_limit_of_user_namespaces_is_zero():
    """In a user namespace of the test's own, whose limit is its own."""
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    before = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"]
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespace here to take them away in")
    answer = treewright(["sandbox", "doctor"], before)
    assert answer.returncode == 1
    assert re.search(r"user namespace +no +unshare: No space left on device", answer.stdout)
    assert re.search(r"T2 +no +unshare: No space left on device", answer.stdout)
    assert "set user.max_user_namespaces (it is 0)" in answer.stdout


def test_the_doctors_attempts_leave_nothing():
    def mounts() -> str:
        return Path("/proc/self/mounts").read_text()

    def groups() -> set[str]:
        return {str(path) for path in Path("/sys/fs/cgroup").rglob(f"treewright-*-{pid}-*")}

    before = mounts()
    with subprocess.Popen(
        [sys.executable, "-m", "treewright", "sandbox", "doctor"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as doctor:
        pid = doctor.pid
        doctor.communicate(timeout=60)
    assert doctor.returncode == 0
    assert mounts() == before
    assert not groups()
    assert not [p for p in psutil.process_iter(["pid"]) if _session(p.pid) == pid]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0
