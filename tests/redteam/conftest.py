"""The servers that hostile programs run on: every isolation tier that this host offers."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "65534"
TIERS = ("T1", "T2")


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
    path = os.pathsep.join([str(ROOT), str(Path(grpc.__file__).parents[1])])
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


def server(tier: str, slots: int = 1) -> LocalServer:
    root = os.geteuid() == 0
    if tier == "T1" and not root:
        pytest.skip("T1 needs root")
    config = SandboxConfig(tier=tier, slots=slots)
    return UnprivilegedServer(config) if root and tier == "T2" else LocalServer(config)


@pytest.fixture(scope="session", params=TIERS)
def client(request: pytest.FixtureRequest) -> Iterator[SandboxClient]:
    """A client of a server with one slot, so that each program follows the one before."""
    with server(request.param) as running:
        assert running.tier == request.param
        with SandboxClient(running.target) as made:
            yield made
