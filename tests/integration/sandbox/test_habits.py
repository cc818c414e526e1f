"""What a service owes its clients: nothing run twice, nothing run for nobody, room on demand."""

import contextlib
import time
import urllib.request
from collections.abc import Iterator

import grpc
import psutil
import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxRejected
from sandbox.local import LocalServer
from sandbox.types import Code, Limits, Program, Signature, Test, Verdict
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.v1 import sandbox_pb2_grpc
from sandbox.wire import program_to_message
from tests.integration.sandbox.test_replicas import free_port

ENDLESS = Program(
    "endless",
    "def f():\n    while True: pass",
    "f",
    (Test((), 1),),
    limits=Limits(cpu_seconds=50.0, wall_seconds=100.0),
)
SMALL = Program("small", "def f(): return 1", "f", (Test((), 1),))


@pytest.fixture(scope="module")
def one() -> Iterator[tuple[LocalServer, int]]:
    """A server with one slot, and the port of its metrics."""
    port = free_port()
    with LocalServer(SandboxConfig(slots=1, metrics_port=port)) as server:
        yield server, port


def metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"treewright_sandbox_{name} "):
                return float(line.split()[-1])
    raise AssertionError(name)


PASSED = 'executions_total{language="python",verdict="PASSED"}'


def stream_once(target: str, *requests: pb.StreamRequest) -> list[pb.StreamResponse]:
    """Open a stream, send, and return what was answered, the credits left out."""
    with grpc.insecure_channel(target) as channel:
        stub = sandbox_pb2_grpc.SandboxStub(channel)
        return list(stub.Stream(iter(requests), timeout=30))[1:]


def test_a_batch_sent_again_is_not_run_again(one):
    server, port = one
    request = pb.StreamRequest(
        batch=7, client="me", programs=[program_to_message(SMALL), program_to_message(SMALL)]
    )
    before = metric(port, PASSED)
    [first] = stream_once(server.target, request)
    [again] = stream_once(server.target, request)
    assert again == first
    assert again.credits == 2
    assert metric(port, PASSED) == before + 2
    request.client = "somebody else"
    stream_once(server.target, request)
    request.client = ""
    stream_once(server.target, request)
    assert metric(port, PASSED) == before + 6


def test_a_client_may_ask_whether_the_server_is_there(one):
    """More often than gRPC's own limit, and for longer than the strikes that it forgives."""
    server, _ = one
    slow = Program(
        "slow", "import time\ndef f():\n    time.sleep(6)\n    return 1", "f", (Test((), 1),)
    )
    often = [("grpc.keepalive_time_ms", 1_200), ("grpc.http2.max_pings_without_data", 0)]
    with grpc.insecure_channel(server.target, often) as channel:
        stub = sandbox_pb2_grpc.SandboxStub(channel)
        request = pb.StreamRequest(batch=1, programs=[program_to_message(slow)])
        *_, answer = stub.Stream(iter([request]), timeout=30)
    assert [result.verdict for result in answer.results] == [pb.PASSED]


def wait_until(what, seconds: float = 10.0) -> float:
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.parametrize("how", ["stream", "unary", "connection"])
def test_a_client_that_goes_away_frees_its_slots_at_once(one, how):
    server, port = one
    channel = grpc.insecure_channel(server.target)
    stub = sandbox_pb2_grpc.SandboxStub(channel)
    programs = [program_to_message(ENDLESS)] * 3
    if how == "unary":
        call = stub.Execute.future(pb.ExecuteRequest(programs=programs))
    else:
        call = stub.Stream(iter([pb.StreamRequest(batch=1, programs=programs)]))
        next(call)
    wait_until(lambda: metric(port, "slots_busy") == 1)
    assert metric(port, "queue_depth") == 2
    if how == "connection":
        channel.close()
    else:
        call.cancel()
    took = wait_until(lambda: metric(port, "slots_busy") == 0)
    channel.close()
    assert took < 2.0
    assert metric(port, "queue_depth") == 0


def test_a_program_that_waits_past_the_deadline_is_not_run(one):
    server, port = one
    with SandboxClient(server.target) as client, SandboxClient(server.target) as other:
        blocking = client.submit([ENDLESS])
        wait_until(lambda: metric(port, "slots_busy") == 1)
        late = other.submit([SMALL], keep_refused=True, timeout_seconds=0.5)
        raised = other.submit([SMALL], timeout_seconds=0.5)
        time.sleep(0.8)
        client.close()
        [result] = late.result(10)
        assert result.verdict is Verdict.REFUSED
        assert result.refusal is not None
        assert result.refusal.code is Code.DEADLINE_EXCEEDED
        with pytest.raises(SandboxRejected, match="deadline"):
            raised.result(10)
        assert blocking.exception(5) is not None
        in_time = other.execute([SMALL], timeout_seconds=30.0)
        assert in_time[0].verdict is Verdict.PASSED


def test_the_deadline_of_a_unary_call_reaches_the_queue(one):
    server, port = one
    refused = metric(port, 'refused_total{code="DEADLINE_EXCEEDED"}')
    with (
        SandboxClient(server.target) as client,
        grpc.insecure_channel(server.target) as channel,
    ):
        client.submit([ENDLESS])
        wait_until(lambda: metric(port, "slots_busy") == 1)
        stub = sandbox_pb2_grpc.SandboxStub(channel)
        with pytest.raises(grpc.RpcError) as late:
            stub.Execute(pb.ExecuteRequest(programs=[program_to_message(SMALL)]), timeout=0.3)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    wait_until(lambda: metric(port, "slots_busy") == 0)
    # The call's own end gave the program up; had it not, the queue would have refused it.
    assert metric(port, "queue_depth") == 0
    assert metric(port, 'refused_total{code="DEADLINE_EXCEEDED"}') == refused


def test_resize_while_programs_run():
    port = free_port()
    config = SandboxConfig(slots=1, metrics_port=port)
    with LocalServer(config) as server, SandboxClient(server.target) as client:
        running = client.submit([ENDLESS] * 4)
        wait_until(lambda: metric(port, "slots_busy") == 1)
        assert client.resize(3) == 1
        wait_until(lambda: metric(port, "slots_busy") == 3)
        assert client.describe().slots == 3
        client.resize(1)
        assert metric(port, "slots_busy") == 3  # what runs may finish
        client.close()
        assert running.exception(5) is not None
        wait_until(lambda: metric(port, "slots") == 1)
        with SandboxClient(server.target) as other:
            assert other.execute([SMALL] * 5)[4].verdict is Verdict.PASSED
            for slots, language, words in ((0, "python", "1 to"), (9, "cobol", "'cobol'")):
                with pytest.raises(SandboxRejected, match=words):
                    other.resize(slots, language)


BAD = {
    "'cobol' is no language": Program("p", "x", "f", (Test((), 1),), language="cobol"),
    "source: 2000 bytes; at most 1000": Program("p", "#" * 2000, "f", (Test((), 1),)),
    "test_code: 1001 bytes": Program("p", "x", "f", (), "#" * 1001),
    "argument 0: 'a' is no int": Program(
        "p", "x", "f", (Test(("a",), 1),), signature=Signature(("int",), "int")
    ),
    "limits.memory_bytes": Program(
        "p", "x", "f", (Test((), 1),), limits=Limits(memory_bytes=2**50)
    ),
    "name entry_point": Program("p", "x", None, (Test((), 1),)),
    "no tests": Program("p", "x", "f"),
    "asserts nothing": Program("p", "x", "f", (), "pass"),
}


def test_each_program_that_makes_no_sense_is_refused_by_itself():
    with (
        LocalServer(SandboxConfig(slots=1, max_source_bytes=1000)) as server,
        SandboxClient(server.target) as client,
    ):
        results = client.execute([*BAD.values(), SMALL], keep_refused=True)
        with pytest.raises(SandboxRejected, match="no language"):
            client.execute([SMALL, *BAD.values()])
    assert results[-1].verdict is Verdict.PASSED
    for words, result in zip(BAD, results, strict=False):
        assert result.verdict is Verdict.REFUSED
        assert result.refusal is not None
        assert words in result.refusal.message
        assert "'p'" in result.refusal.message
        assert "\n" not in result.refusal.message


def test_batches_that_make_no_sense_are_refused_and_the_stream_goes_on(one):
    server, _ = one
    small = program_to_message(SMALL)
    answers = stream_once(
        server.target,
        pb.StreamRequest(batch=0, programs=[small]),
        pb.StreamRequest(batch=1, programs=[small] * 65),
        pb.StreamRequest(batch=2),
        pb.StreamRequest(batch=3, programs=[small]),
    )
    found = {answer.batch: answer for answer in answers}
    assert "number of its own" in found[0].refusal.message
    assert "65 programs; at most 64" in found[1].refusal.message
    assert list(found[2].results) == []
    assert not found[2].HasField("refusal")
    assert found[3].results[0].verdict == pb.PASSED


def test_output_that_was_cut_says_so(one):
    server, _ = one
    source = (
        "import sys\n"
        "def f():\n"
        "    print('x' * 9999)\n"
        "    sys.stderr.write('e' * 4100)\n"
        "    return 1"
    )
    with SandboxClient(server.target) as client:
        [result] = client.execute([Program("p", source, "f", (Test((), 1),))])
    assert result.stdout == "x" * 4096 + "\n[5904 bytes more]"
    assert result.stderr == "e" * 4096 + "\n[4 bytes more]"


def test_a_dead_dispatcher_ends_calls_in_flight_with_unavailable():
    with LocalServer(SandboxConfig(slots=1)) as server:
        with grpc.insecure_channel(server.target) as channel:
            stub = sandbox_pb2_grpc.SandboxStub(channel)
            request = pb.StreamRequest(batch=1, programs=[program_to_message(ENDLESS)])
            call = stub.Stream(iter([request]))
            next(call)
            [dispatcher] = psutil.Process(server.process.pid).children()
            time.sleep(0.3)
            dispatcher.kill()
            with pytest.raises(grpc.RpcError) as lost:
                next(call)
        assert lost.value.code() is grpc.StatusCode.UNAVAILABLE
        with contextlib.suppress(Exception):
            server.process.wait(20)
