"""Raw bytes over a real channel: every call ends with a clear status and the server lives."""

import grpc
import pytest
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.client import SandboxClient
from sandbox.types import Program, Test, Verdict
from sandbox.v1 import opaque_pb2
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.wire import Writer

SMALL = Writer().program(Program("small", "def f(): return 1", "f", (Test((), 1),)))
few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def channel(server):
    with grpc.insecure_channel(server.target) as made:
        yield made


def mutated(data: st.DataObject, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed)))
        changed[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    return bytes(changed)


@few
@given(st.data())
def test_bytes_in_place_of_a_request(channel, data):
    good = opaque_pb2.OpaqueExecuteRequest(programs=[SMALL, SMALL]).SerializeToString()
    raw = data.draw(st.binary(max_size=60)) if data.draw(st.booleans()) else mutated(data, good)
    call = channel.unary_unary("/sandbox.v1.Sandbox/Execute")
    answer, ended = call.with_call(raw, timeout=30) if _parses(raw) else (b"", None)
    if ended is None:
        with pytest.raises(grpc.RpcError) as refused:
            call(raw, timeout=30)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "no ExecuteRequest" in str(refused.value.details())
    for result in pb.ExecuteResponse.FromString(answer).results:
        assert result.verdict != pb.VERDICT_UNSPECIFIED
        assert (result.verdict == pb.REFUSED) == bool(result.refusal.message)


def _parses(raw: bytes) -> bool:
    try:
        opaque_pb2.OpaqueExecuteRequest.FromString(raw)
    except DecodeError:
        return False
    return True


@few
@given(st.data())
def test_broken_programs_beside_a_good_one_on_a_stream(channel, data):
    broken = [mutated(data, SMALL) for _ in range(data.draw(st.integers(1, 4)))]
    requests = [
        opaque_pb2.OpaqueStreamRequest(batch=1, programs=broken),
        opaque_pb2.OpaqueStreamRequest(batch=2, programs=[SMALL]),
    ]
    call = channel.stream_stream(
        "/sandbox.v1.Sandbox/Stream",
        request_serializer=opaque_pb2.OpaqueStreamRequest.SerializeToString,
        response_deserializer=pb.StreamResponse.FromString,
    )
    answers = {answer.batch: answer for answer in call(iter(requests), timeout=30)}
    assert len(answers[1].results) == len(broken)
    assert answers[2].results[0].verdict == pb.PASSED


def test_a_stream_of_junk_ends_with_a_reason_and_the_server_lives(channel, server):
    call = channel.stream_stream("/sandbox.v1.Sandbox/Stream")
    with pytest.raises(grpc.RpcError) as ended:
        list(call(iter([b"\xff\xff\xff"]), timeout=30))
    assert ended.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "no StreamRequest" in str(ended.value.details())
    with SandboxClient(server.target) as client:
        program = Program("p", "def f(): return 1", "f", (Test((), 1),))
        assert client.execute([program])[0].verdict is Verdict.PASSED


def test_no_such_call(channel):
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/sandbox.v1.Sandbox/Nothing")(b"", timeout=10)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
