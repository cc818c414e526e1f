"""The servers that hostile programs run on: each isolation tier, with each loop of the jail."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "65534"


@dataclass(frozen=True)
class Ground:
    """What hostile programs run on."""

    tier: str
    loop: str

    def __str__(self) -> str:
        return f"{self.tier}-{self.loop}"


GROUNDS = [Ground(tier, loop) for tier in ("T1", "T2", "T3") for loop in ("c", "python")]


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


def server(ground: Ground, slots: int = 1) -> LocalServer:
    root = os.geteuid() == 0
    if ground.tier == "T1" and not root:
        pytest.skip("T1 needs root")
    if ground.loop == "c" and importlib.util.find_spec("sandbox.jail._loop") is None:
        pytest.skip("the jail's loop in C is not built")
    config = SandboxConfig(tier=ground.tier, zygote=ground.loop, slots=slots)
    return UnprivilegedServer(config) if root and ground.tier != "T1" else LocalServer(config)


@contextlib.contextmanager
def serving(ground: Ground, slots: int = 1) -> Iterator[tuple[LocalServer, SandboxClient]]:
    """A server on this ground, and a client of it."""
    with (
        server(ground, slots) as running,
        SandboxClient(running.target, timeout_seconds=200) as client,
    ):
        assert running.tier == ground.tier
        yield running, client


@pytest.fixture(scope="session", params=GROUNDS, ids=str)
def client(request: pytest.FixtureRequest) -> Iterator[SandboxClient]:
    """A client of a server with one slot, so that each program follows the one before."""
    with serving(request.param) as (_, made):
        yield made
