"""Several servers behind one name: all get work, and none that fails costs a program."""

import contextlib
import dataclasses
import os
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Program, Test, Verdict


class At(LocalServer):
    """A server on an address of the loopback network."""

    def __init__(self, host: str, port: int, **changes: Any) -> None:
        super().__init__(SandboxConfig(slots=1, **changes))
        self._config = dataclasses.replace(self._config, host=host, port=port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(number: int) -> Program:
    return Program(str(number), "def f(x): return x", "f", (Test((number,), number),))


@contextlib.contextmanager
def steady_work(client: SandboxClient, seconds: float) -> Iterator[None]:
    """Keep the client busy with small submissions; every program must pass."""
    yield
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        waiting = [client.submit([program(n) for n in range(4)]) for _ in range(6)]
        for future in waiting:
            assert {result.verdict for result in future.result(60)} == {Verdict.PASSED}


class Names:
    """A name with a list of addresses that changes, in place of a name server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, hosts: list[str]) -> None:
        self.hosts = hosts
        real = socket.getaddrinfo

        def look_up(host: str, port: Any, *rest: Any, **more: Any) -> Any:
            if host != "sandboxes.test":
                return real(host, port, *rest, **more)
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, (address, int(port))) for address in self.hosts]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)


def executed(target: str, metrics_port: int) -> float:
    host = target.rpartition(":")[0]
    with urlopen(f"http://{host}:{metrics_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    wanted = 'treewright_sandbox_executions_total{language="python",verdict="PASSED"}'
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(wanted))


def test_servers_that_join_get_work_within_seconds(monkeypatch):
    port, metrics = free_port(), free_port()
    names = Names(monkeypatch, ["127.0.0.1"])
    habits = {"max_connection_age_seconds": 1.0, "metrics_port": metrics}
    with contextlib.ExitStack() as stack:
        stack.enter_context(At("127.0.0.1", port, **habits))
        client = stack.enter_context(SandboxClient(f"dns:///sandboxes.test:{port}"))
        with steady_work(client, 1.0):
            pass
        for host in ("127.0.0.2", "127.0.0.3"):
            stack.enter_context(At(host, port, **habits))
            names.hosts.append(host)
        with steady_work(client, 6.0):
            pass
        counts = [executed(f"{host}:{port}", metrics) for host in names.hosts]
    assert all(count > 0 for count in counts), counts


def test_a_list_of_addresses_is_used_as_a_whole_and_a_dead_server_costs_nothing():
    port, metrics = free_port(), free_port()
    with contextlib.ExitStack() as stack:
        hosts = ("127.0.0.1", "127.0.0.2")
        first, _ = (stack.enter_context(At(h, port, metrics_port=metrics)) for h in hosts)
        target = "ipv4:" + ",".join(f"{host}:{port}" for host in hosts)
        client = stack.enter_context(SandboxClient(target))
        with steady_work(client, 1.5):
            pass
        assert all(executed(f"{host}:{port}", metrics) > 0 for host in hosts)
        with steady_work(client, 1.0):
            os.kill(first.process.pid, signal.SIGKILL)


def test_one_server_of_two_that_drains_is_left():
    port = free_port()
    with contextlib.ExitStack() as stack:
        hosts = ("127.0.0.1", "127.0.0.2")
        first, _ = (stack.enter_context(At(h, port)) for h in hosts)
        target = "ipv4:" + ",".join(f"{host}:{port}" for host in hosts)
        client = stack.enter_context(SandboxClient(target))
        with steady_work(client, 2.0):
            os.kill(first.process.pid, signal.SIGTERM)
        assert first.process.wait(20) == 0
