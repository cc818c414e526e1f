import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.jail.encode import MAX_DEPTH
from sandbox.link import Kind, Unframer, frame
from sandbox.types import (
    Code,
    Compare,
    Limits,
    Program,
    Refusal,
    Result,
    Signature,
    StdioTest,
    Test,
    TestResult,
    Verdict,
)
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.values import from_message, to_message
from sandbox.wire import (
    program_from_message,
    program_to_message,
    result_from_message,
    result_to_message,
)

atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()), max_size=6)
    | st.binary(max_size=6)
)
keys = atoms | st.tuples(atoms) | st.frozensets(atoms, max_size=2)
values = st.recursive(
    keys | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.sets(keys, max_size=3)
        | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=10,
)


@given(values)
def test_values_survive_the_wire(value):
    back = from_message(pb.Value.FromString(to_message(value).SerializeToString()))
    assert back == value
    assert repr(type(back)) == repr(type(value))


@pytest.mark.parametrize("value", [object(), range(3), [object()], {1: ...}])
def test_values_that_can_not_be_sent(value):
    with pytest.raises(ValueError, match="can't be sent"):
        to_message(value)


def test_depth_is_the_encoders_and_survives_parsing():
    deep: object = 1
    for _ in range(MAX_DEPTH):
        deep = {0: deep}
    test = program_to_message(Program("p", "", "f", (Test((deep,), deep),)))
    request = pb.StreamRequest(batch=1, programs=[test])
    back = pb.StreamRequest.FromString(request.SerializeToString())
    assert program_from_message(back.programs[0], Limits()).tests == (Test((deep,), deep),)
    with pytest.raises(ValueError, match="nested"):
        to_message([deep])


@pytest.mark.parametrize(
    "message",
    [
        pb.Value(),
        pb.Value(big_integer="0x"),
        pb.Value(dict=pb.Mapping(keys=[pb.Value(integer=1)])),
        pb.Value(set=pb.Sequence(items=[pb.Value(list=pb.Sequence())])),
        pb.Value(surrogate_text=b"\xff"),
    ],
)
def test_messages_that_are_no_value(message):
    with pytest.raises(ValueError):
        from_message(message)


@pytest.mark.parametrize(
    "program",
    [
        Program("a", "x = 1", "f", (Test((1, "a"), None), Test((), [1.5]))),
        Program("b", "", None, (StdioTest("in", "out"),), compare=Compare(0.0, True)),
        Program("c", "é", "f", (), "assert f()", limits=Limits(1.0, 2.0, 3, 4)),
        Program("d", "", "f", (), compare=Compare(0.5)),
        Program("e", "", "f", (Test((1,), ""),), signature=Signature(("int",), "str")),
    ],
)
def test_programs_survive_the_wire(program):
    raw = program_to_message(program).SerializeToString()
    assert program_from_message(pb.Program.FromString(raw), Limits()) == program


def test_limits_left_out_are_the_servers():
    default = Limits(1.0, 2.0, 3, 4)
    message = pb.Program(language="python", limits=pb.Limits(cpu_seconds=9.0))
    assert program_from_message(message, default).limits == Limits(9.0, 2.0, 3, 4)


@pytest.mark.parametrize("verdict", Verdict)
def test_results_survive_the_wire(verdict):
    test = TestResult(verdict, True, True, "actual", "detail")
    result = Result("a", verdict, True, (test, test), "d", 0.5, 1.5, 7, "out", "err", 0.25, 0.125)
    assert (
        result_from_message(pb.Result.FromString(result_to_message(result).SerializeToString()))
        == result
    )


@pytest.mark.parametrize("code", Code)
def test_refusals_survive_the_wire(code):
    result = Result("a", Verdict.REFUSED, refusal=Refusal(code, "why"))
    assert result_from_message(result_to_message(result)) == result


def test_every_code_is_one_of_grpcs():
    assert {code.name: code.value for code in Code}.items() <= {
        code.name: code.value[0] for code in grpc.StatusCode
    }.items()


def test_a_surrogate_in_the_source_is_the_callers_mistake():
    with pytest.raises(ValueError):
        program_to_message(Program("p", "x = '\ud800'", "f", (Test((), 1),)))


@given(
    st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2**64 - 1), st.binary(max_size=30))),
    st.integers(1, 17),
)
def test_frames_survive_any_splitting(messages, step):
    data = b"".join(frame(*message) for message in messages)
    unframer = Unframer()
    found: list[tuple[Kind, int, bytes]] = []
    for start in range(0, len(data), step):
        found += unframer.feed(data[start : start + step])
    assert found == messages
