"""The container's seccomp profile, applied to a real server by the kernel itself."""

import json
import platform
import re
import struct
import sys
from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import ServerError
from sandbox.local import LocalServer
from sandbox.types import Limits, Program, StdioTest, Test, Verdict

ROOT = Path(__file__).resolve().parents[3]
PROFILE = json.loads((ROOT / "deploy/seccomp/sandbox.json").read_text())
HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
ALLOW, ENOSYS = 0x7FFF0000, 0x00050026

APPLY = """
import os, sys
from sandbox.jail.kernel import PR_SET_NO_NEW_PRIVS, Kernel
kernel = Kernel()
kernel.prctl(PR_SET_NO_NEW_PRIVS, 1)
kernel.prepared_filter(open(sys.argv[1], "rb").read()).install()
os.execv(sys.argv[2], sys.argv[2:])
"""

pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the header is x86_64's"),
    pytest.mark.skipif(not HEADER.exists(), reason=f"{HEADER} is not here"),
]


def allowed() -> set[str]:
    return {name for rule in PROFILE["syscalls"] for name in rule["names"]}


def compiled(names: set[str]) -> bytes:
    """The profile as the kernel takes it."""
    text = HEADER.read_text()
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", text))
    code = [(0x20, 0, 0, 0)]
    for name in sorted(names & set(numbers)):
        code += [(0x15, 0, 1, int(numbers[name])), (0x06, 0, 0, ALLOW)]
    code.append((0x06, 0, 0, ENOSYS))
    return b"".join(struct.pack("HBBI", *item) for item in code)


def server(names: set[str], folder: Path) -> LocalServer:
    path = folder / "profile.bpf"
    path.write_bytes(compiled(names))

    class Confined(LocalServer):
        def command(self) -> tuple[list[str], dict[str, str]]:
            command, environment = super().command()
            return [sys.executable, "-c", APPLY, str(path), *command], environment

    return Confined(SandboxConfig(slots=1))


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


@pytest.mark.parametrize("name", ["unshare", "mount", "pivot_root", "mount_setattr"])
def test_without_namespaces_the_server_refuses_to_start(tmp_path, name):
    with pytest.raises(ServerError, match="no jail can be built here") as refused:
        server(allowed() - {name}, tmp_path).start()
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
