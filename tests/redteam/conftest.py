"""Every hostile program runs on both isolation tiers: as root with mapped ids, and unprivileged."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Limits, Program, Result, Test, Verdict

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "65534"
LIMITS = Limits(cpu_seconds=0.4, wall_seconds=60.0)

Run = Callable[..., Result]


class UnprivilegedServer(LocalServer):
    """A server that runs as nobody, with a Python that nobody may read."""

    def command(self) -> tuple[list[str], dict[str, str]]:
        command, environment = super().command()
        python, path = readable_python()
        environment = {**environment, "PYTHONPATH": path}
        return [*as_nobody(), python, *command[1:]], environment


def as_nobody() -> list[str]:
    return ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]


def readable_python() -> tuple[str, str]:
    """A Python of this version that nobody can run, and the path on which it finds all it needs."""
    path = os.pathsep.join([str(ROOT), sysconfig.get_paths()["purelib"]])
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (os.path.realpath(sys.executable), shutil.which(version, path="/usr/bin")):
        if python and _works(python, path):
            return python, path
    pytest.skip(f"no {version} that an unprivileged user can run")


def _works(python: str, path: str) -> bool:
    modules = "import os, sys, grpc, google.protobuf, sandbox"
    code = f"{modules}; sys.exit(not os.access(sys.executable, os.X_OK))"
    answer = subprocess.run(
        [*as_nobody(), python, "-c", code],
        env={"PYTHONPATH": path},
        capture_output=True,
        cwd="/",
        check=False,
    )
    return answer.returncode == 0


def server(tier: str) -> LocalServer:
    root = os.geteuid() == 0
    if tier == "T1" and not root:
        pytest.skip("T1 needs root")
    config = SandboxConfig(tier=tier, slots=1, queue_capacity=256)
    return UnprivilegedServer(config) if root and tier == "T2" else LocalServer(config)


@pytest.fixture(scope="session", params=["T1", "T2"])
def client(request: pytest.FixtureRequest) -> Iterator[SandboxClient]:
    with server(request.param) as running:
        assert running.tier == request.param
        with SandboxClient(running.target) as made:
            yield made


@pytest.fixture
def run(client: SandboxClient) -> Iterator[Run]:
    """Runs one hostile program, then a harmless one: the slot must live and know nothing."""

    def execute(
        source: str, args: tuple[object, ...] = (2,), expected: object = 4, limits: Limits = LIMITS
    ) -> Result:
        program = Program("hostile", source, "f", (Test(args, expected),), limits=limits)
        return client.execute([program])[0]

    yield execute
    harmless = Program("harmless", "def f(x): return 2 * x", "f", (Test((2,), 4),))
    assert client.execute([harmless])[0].verdict is Verdict.PASSED
