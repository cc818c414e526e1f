"""The container's seccomp profile, applied to a real server by the kernel itself."""

import json
import os
import platform
from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import ServerError
from sandbox.local import LocalServer
from sandbox.types import Limits, Program, StdioTest, Test, Verdict
from tests.integration.sandbox.poor_host import HEADER, only
from tests.redteam.conftest import readable_python

ROOT = Path(__file__).resolve().parents[3]
PROFILE = json.loads((ROOT / "deploy/seccomp/sandbox.json").read_text())
pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the header is x86_64's"),
    pytest.mark.skipif(not HEADER.exists(), reason=f"{HEADER} is not here"),
]


def allowed() -> set[str]:
    return {name for rule in PROFILE["syscalls"] for name in rule["names"]}


def server(names: set[str], folder: Path, tier: str = "auto") -> LocalServer:
    class Confined(LocalServer):
        def command(self) -> tuple[list[str], dict[str, str]]:
            command, environment = super().command()
            return [*only(names, folder), *command], environment

    python = readable_python()[0] if tier == "T3" else None
    return Confined(SandboxConfig(slots=1, tier=tier, interpreter=python))


def test_the_server_works_under_the_profile(tmp_path):
    add = "def f(a): return a + 1"
    programs = [
        Program("passed", add, "f", (Test((1,), 2),)),
        Program("script", "print(input())", None, (StdioTest("a", "a"),)),
        Program("socket", "import socket\ndef f(a): socket.socket()", "f", (Test((1,), 2),)),
        Program("loop", "while 1: pass", "f", (Test((), 1),), limits=Limits(cpu_seconds=0.2)),
    ]
    with server(allowed(), tmp_path) as running, SandboxClient(running.target) as client:
        results = client.execute(programs)
    assert [result.verdict for result in results] == [
        Verdict.PASSED,
        Verdict.PASSED,
        Verdict.RUNTIME_ERROR,
        Verdict.TIME_LIMIT,
    ]
    assert results[2].security_violation


ADD = {
    "javascript": "function f(a) { return a + 1; }",
    "cpp": "long long f(long long a) { return a + 1; }",
    "rust": "fn f(a: i64) -> i64 { a + 1 }",
    "java": "class Solution { static long f(long a) { return a + 1; } }",
    "go": "package main\nfunc f(a int) int { return a + 1 }",
}


def test_every_language_works_under_the_profile(tmp_path):
    with server(allowed(), tmp_path) as running, SandboxClient(running.target) as client:
        here = {item.name for item in client.describe().languages if item.available}
        programs = [
            Program(name, source, "f", (Test((1,), 2),), language=name)
            for name, source in ADD.items()
            if name in here
        ]
        if not programs:
            pytest.skip("no toolchain but Python is here")
        results = client.execute(programs)
    assert {result.id: (result.verdict, result.detail) for result in results} == {
        program.id: (Verdict.PASSED, "") for program in programs
    }


def test_t3_works_under_the_profile_without_namespaces(tmp_path):
    names = allowed() - {"unshare", "mount", "pivot_root", "mount_setattr"}
    with server(names, tmp_path, "T3") as running, SandboxClient(running.target) as client:
        program = Program("p", "def f(a): return a + 1", "f", (Test((1,), 2),))
        assert client.execute([program])[0].verdict is Verdict.PASSED


@pytest.mark.parametrize("name", ["unshare", "mount", "pivot_root", "mount_setattr"])
def test_without_namespaces_the_server_refuses_to_start(tmp_path, name):
    with pytest.raises(ServerError, match="no jail can be built here") as refused:
        server(allowed() - {name}, tmp_path, "T1" if os.geteuid() == 0 else "T2").start()
    assert "\n" not in str(refused.value)
    assert "deploy/seccomp/sandbox.json" in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["ptrace", "bpf", "io_uring_setup", "userfaultfd", "keyctl", "perf_event_open", "setns",
     "init_module", "kexec_load", "open_by_handle_at", "reboot", "personality", "swapon",
     "process_vm_readv", "move_mount", "fsopen", "chroot", "mknod"],
)  # fmt: skip
def test_what_nobody_needs_is_not_in_the_profile(name):
    assert name not in allowed()


def test_profile_form():
    assert PROFILE["defaultAction"] == "SCMP_ACT_ERRNO"
    assert {rule["action"] for rule in PROFILE["syscalls"]} == {"SCMP_ACT_ALLOW"}
    for rule in PROFILE["syscalls"]:
        assert rule["names"] == sorted(set(rule["names"]))
