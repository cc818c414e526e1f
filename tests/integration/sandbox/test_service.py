"""The service's habits: order, overload, health, drain, metrics, loss of a server."""

import concurrent.futures
import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxRejected, SandboxUnavailable, ServerError
from sandbox.local import LocalServer, connect, reach
from sandbox.types import Limits, Program, Test, Verdict
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.v1 import sandbox_pb2_grpc
from sandbox.wire import program_to_message


def program(number: int, source: str = "def f(x): return x + 1", **rest: Any) -> Program:
    return Program(str(number), source, "f", (Test((number,), number + 1),), **rest)


def sleeper(seconds: float) -> Program:
    source = f"import time\ndef f(x):\n    time.sleep({seconds})\n    return x + 1"
    return program(0, source, limits=Limits(wall_seconds=60))


def health_of(target: str) -> int:
    with grpc.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_results_come_in_the_order_of_the_programs(client):
    programs = [
        program(n, "def f(x):\n    s = sum(range(x * 997 % 20_000))\n    return x + 1")
        for n in range(300)
    ]
    results = client.execute(programs)
    assert [result.id for result in results] == [str(n) for n in range(300)]
    assert {result.verdict for result in results} == {Verdict.PASSED}


def test_several_threads_share_a_client(client):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda n: client.execute([program(n)] * 5), range(16)))
    assert [batch[0].id for batch in batches] == [str(n) for n in range(16)]


def test_no_programs_no_results(client):
    assert client.execute([]) == []


def test_describe(client, server):
    said = client.describe()
    assert said.tier == server.tier
    assert said.slots == 2
    names = {language.name: language for language in said.languages}
    assert names["python"].available
    assert names["python"].version.startswith("3.")
    assert set(names) == {"python", "javascript", "cpp", "rust", "java", "go"}
    for language in said.languages:  # each is there, or says what to install
        assert bool(language.version) is language.available is not bool(language.hint)


def test_health_and_reflection(server):
    assert health_of(server.target) == health_pb2.HealthCheckResponse.SERVING
    with grpc.insecure_channel(server.target) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(iter(stub.ServerReflectionInfo(iter([request]), timeout=10)))
    names = {service.name for service in answer.list_services_response.service}
    assert "sandbox.v1.Sandbox" in names


def test_unary_call(server):
    with grpc.insecure_channel(server.target) as channel:
        stub = sandbox_pb2_grpc.SandboxStub(channel)
        request = pb.ExecuteRequest(programs=[program_to_message(program(1))])
        answer = stub.Execute(request, timeout=30)
        assert answer.results[0].verdict == pb.PASSED
        request.programs[0].language = "cobol"
        request.programs.append(program_to_message(program(2)))
        refused, ran = stub.Execute(request, timeout=30).results
    assert refused.refusal.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
    assert "cobol" in refused.refusal.message
    assert ran.verdict == pb.PASSED


def test_a_batch_over_the_credits_is_refused_and_the_stream_goes_on():
    with (
        LocalServer(SandboxConfig(slots=1, stream_credits=4)) as server,
        grpc.insecure_channel(server.target) as channel,
    ):
        stub = sandbox_pb2_grpc.SandboxStub(channel)
        sizes = ((1, 3), (2, 2), (3, 1))
        message = program_to_message(program(1))
        requests = [pb.StreamRequest(batch=batch, programs=[message] * n) for batch, n in sizes]
        first, *answers = stub.Stream(iter(requests), timeout=30)
    assert first.credits == 4
    found = {answer.batch: answer for answer in answers}
    assert found[2].refusal.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert "2 programs, but only 1 credits" in found[2].refusal.message
    assert found[2].credits == 0
    assert {len(found[1].results), len(found[3].results)} == {3, 1}


def test_full_queue_is_told_and_clients_wait_for_room():
    with LocalServer(SandboxConfig(slots=1, queue_capacity=8, stream_credits=4)) as server:
        with grpc.insecure_channel(server.target) as channel:
            stub = sandbox_pb2_grpc.SandboxStub(channel)
            request = pb.ExecuteRequest(programs=[program_to_message(program(1))] * 9)
            with pytest.raises(grpc.RpcError) as refused:
                stub.Execute(request, timeout=30)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        with SandboxClient(server.target) as client:
            results = client.execute([program(n) for n in range(50)])
    assert {result.verdict for result in results} == {Verdict.PASSED}


def test_token():
    with LocalServer(SandboxConfig(slots=1, token="secret")) as server:
        assert health_of(server.target) == health_pb2.HealthCheckResponse.SERVING
        with SandboxClient(server.target, token="secret") as client:
            assert client.execute([program(1)])[0].verdict is Verdict.PASSED
        for token in (None, "wrong"):
            client = SandboxClient(server.target, token=token)
            with client, pytest.raises(SandboxRejected, match="token"):
                client.execute([program(1)])


def test_sigterm_drains():
    with LocalServer(SandboxConfig(slots=1)) as server:
        with SandboxClient(server.target, timeout_seconds=30) as client:
            pending = client.submit([sleeper(2)])
            time.sleep(0.7)
            os.kill(server.process.pid, signal.SIGTERM)
            time.sleep(0.3)
            with pytest.raises(grpc.RpcError):  # no new connections
                health_of(server.target)
            assert pending.result(30)[0].verdict is Verdict.PASSED
        assert server.process.wait(20) == 0


def test_client_moves_to_a_new_server_when_the_old_one_is_killed():
    port = free_port()

    class Fixed(LocalServer):
        def __init__(self) -> None:
            super().__init__(SandboxConfig(slots=1))
            self._config = dataclasses.replace(self._config, port=port)

    first = Fixed().start()
    with SandboxClient(first.target, timeout_seconds=60) as client:
        pending = client.submit([sleeper(1)] * 3)
        time.sleep(0.5)
        first.process.kill()
        first.stop()
        with Fixed():
            results = pending.result(60)
            assert [result.verdict for result in results] == [Verdict.PASSED] * 3


def test_what_waits_for_a_server_of_our_own_fails_as_soon_as_it_is_killed():
    others = set(psutil.Process().children())
    with reach(SandboxConfig(slots=1)) as reached:
        reached.check()
        pending = reached.client.submit([sleeper(50)])
        [server] = set(psutil.Process().children()) - others
        server.kill()
        with pytest.raises(SandboxUnavailable, match="started here was killed by SIGKILL"):
            pending.result(20)  # a third of what a silent server is waited for
        with pytest.raises(SandboxUnavailable, match="started here was killed by SIGKILL"):
            reached.check()


def test_connection_age_moves_a_stream_without_losing_work():
    config = SandboxConfig(slots=1, max_connection_age_seconds=0.5)
    with LocalServer(config) as server, SandboxClient(server.target) as client:
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            assert client.execute([program(1)] * 4)[3].verdict is Verdict.PASSED


def test_no_server():
    client = SandboxClient(f"127.0.0.1:{free_port()}", timeout_seconds=1.0)
    with client, pytest.raises(SandboxUnavailable, match=r"127\.0\.0\.1") as refused:
        client.execute([program(1)])
    assert "\n" not in str(refused.value)


def test_closing_the_client_ends_what_waits(server):
    client = SandboxClient(server.target)
    pending = client.submit([sleeper(30)])
    time.sleep(0.3)
    client.close()
    with pytest.raises(SandboxUnavailable):
        pending.result(5)
    with pytest.raises(SandboxUnavailable):
        client.submit([program(1)])


def test_what_nobody_waits_for_is_given_up():
    with LocalServer(SandboxConfig(slots=1)) as server:
        client = SandboxClient(server.target)
        client.submit([sleeper(50)] * 4)
        time.sleep(0.5)
        client.close()
        with SandboxClient(server.target) as other:
            began = time.monotonic()
            assert other.execute([program(1)])[0].verdict is Verdict.PASSED
            assert time.monotonic() - began < 20


def test_a_killed_jail_is_replaced_and_its_program_runs_again():
    with LocalServer(SandboxConfig(slots=1)) as server, SandboxClient(server.target) as client:
        pending = client.submit([sleeper(1)])
        time.sleep(0.5)
        [zygote] = [jail for jail in jails(server) if jail.children()]
        zygote.kill()
        assert pending.result(60)[0].verdict is Verdict.PASSED


def test_after_a_crash_a_spare_is_there():
    """Measured on a quiet machine: 10 ms. Here no more than that nothing had to boot."""
    with LocalServer(SandboxConfig(slots=1)) as server, SandboxClient(server.target) as client:
        client.execute([program(1)])
        before = set(jails(server))
        assert len(before) == 2
        pending = client.submit([sleeper(0.3)])
        time.sleep(0.1)
        [zygote] = [jail for jail in before if jail.children()]
        zygote.kill()
        assert pending.result(60)[0].verdict is Verdict.PASSED
        [spare] = before - {zygote}
        assert spare.is_running()
        deadline = time.monotonic() + 20
        while len(after := set(jails(server))) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert spare in after
        assert zygote not in after


def is_jail(process: psutil.Process) -> bool:
    return any("boot.py" in word for word in process.cmdline())


def jails(server: LocalServer) -> list[psutil.Process]:
    """The inits of the jails: children of the dispatcher, the front end's only child."""
    [dispatcher] = psutil.Process(server.process.pid).children()
    return [child for child in dispatcher.children() if is_jail(child)]


def test_metrics():
    port = free_port()
    config = SandboxConfig(slots=1, metrics_port=port)
    with LocalServer(config) as server, SandboxClient(server.target) as client:
        client.execute([program(n) for n in range(5)])
        client.execute([program(1, "def f(x):\n    import socket\n    socket.socket()")])
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read()
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }
    assert samples["treewright_sandbox_executions_total", "PASSED", "python"] == 5
    assert samples["treewright_sandbox_executions_total", "RUNTIME_ERROR", "python"] == 1
    assert samples["treewright_sandbox_executions_total", "INTERNAL", "python"] == 0
    assert samples["treewright_sandbox_violations_total", "python"] == 1
    assert samples["treewright_sandbox_queue_seconds_count", "python"] == 6
    assert samples["treewright_sandbox_run_seconds_count", "python"] == 6
    assert samples["treewright_sandbox_slots",] == 1
    assert samples["treewright_sandbox_slots_busy",] == 0
    assert samples["treewright_sandbox_queue_depth",] == 0
    assert samples["treewright_sandbox_slot_restarts_total",] == 0


def test_port_in_use_is_one_line(server):
    port = int(server.target.rpartition(":")[2])

    class Taken(LocalServer):
        def __init__(self) -> None:
            super().__init__(SandboxConfig(slots=1))
            self._config = dataclasses.replace(self._config, port=port)

    with pytest.raises(ServerError, match=f"127.0.0.1:{port}"):
        Taken().start()


def test_interpreter_that_does_not_run_is_one_line():
    with pytest.raises(ServerError, match="/usr/bin/false") as refused:
        LocalServer(SandboxConfig(slots=1, interpreter="/usr/bin/false")).start()
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs util-linux")
def test_without_user_namespaces_it_says_what_to_enable():
    class Forbidden(LocalServer):
        """In a user namespace of its own, in which no further one is allowed."""

        def command(self) -> tuple[list[str], dict[str, str]]:
            command, environment = super().command()
            limit = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$0" "$@"'
            return [
                "unshare",
                "--user",
                "--map-root-user",
                "sh",
                "-c",
                limit,
                *command,
            ], environment

    with pytest.raises(ServerError, match=r"set user\.max_user_namespaces") as refused:
        Forbidden(SandboxConfig(slots=1)).start()
    assert "\n" not in str(refused.value)


def test_a_tier_that_can_not_be_given_is_refused_with_status_2():
    command, environment = LocalServer().command()
    ended = subprocess.run(
        command,
        input=SandboxConfig(interpreter="/nowhere/python").to_json() + "\n",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "/nowhere/python" in ended.stderr


def test_connect_starts_a_server_where_no_target_is_given(server):
    with connect(SandboxConfig(slots=1)) as client:
        assert client.target != server.target
        assert client.execute([program(1)])[0].verdict is Verdict.PASSED
    with connect(SandboxConfig(target=server.target)) as client:
        assert client.target == server.target


def test_client_threads_end(server):
    before = threading.active_count()
    with SandboxClient(server.target) as client:
        client.execute([program(1)])
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before
