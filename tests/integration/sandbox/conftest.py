"""One server for the tests that only use it; tests that end a server start their own."""

from collections.abc import Iterator

import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    with LocalServer(SandboxConfig(slots=2)) as running:
        yield running


@pytest.fixture
def client(server: LocalServer) -> Iterator[SandboxClient]:
    with SandboxClient(server.target) as made:
        yield made
