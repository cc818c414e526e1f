"""Between the plain types and the protocol's messages."""

from sandbox.types import (
    Code,
    Compare,
    Description,
    Language,
    Limits,
    Primitive,
    Program,
    Refusal,
    Result,
    Signature,
    StdioTest,
    Test,
    TestResult,
    Verdict,
)
from sandbox.v1 import opaque_pb2
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.values import from_message, to_message

_TO_WIRE = {verdict: getattr(pb, verdict.value) for verdict in Verdict}
_FROM_WIRE = {number: verdict for verdict, number in _TO_WIRE.items()}


def limits_to_message(limits: Limits) -> pb.Limits:
    """Limits as a message."""
    return pb.Limits(
        cpu_seconds=limits.cpu_seconds,
        wall_seconds=limits.wall_seconds,
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
    )


def limits_from_message(message: pb.Limits, default: Limits) -> Limits:
    """Limits of a message; what it leaves at zero is the default's."""
    return Limits(
        message.cpu_seconds or default.cpu_seconds,
        message.wall_seconds or default.wall_seconds,
        message.memory_bytes or default.memory_bytes,
        message.output_bytes or default.output_bytes,
    )


class Writer:
    """Writes programs as bytes; tests that several programs share are written once.

    A writer holds on to nothing: it is for programs that live at least as long as itself.
    """

    def __init__(self) -> None:
        self._tests: dict[int, list[bytes]] = {}  # by the identity of a program's tests

    def program(self, program: Program) -> bytes:
        """Return a program as a serialised Program message.

        Raises:
            ValueError: an argument or expected value that the wire can't carry, or a source with
                lone surrogates, which no file can hold.

        """
        tests = self._tests.get(id(program.tests))
        if tests is None:
            tests = [_test_to_message(test).SerializeToString() for test in program.tests]
            self._tests[id(program.tests)] = tests
        return opaque_pb2.OpaqueProgram(
            id=program.id,
            language=program.language,
            source=program.source.encode(),
            entry_point=program.entry_point or "",
            tests=tests,
            test_code=program.test_code or "",
            limits=limits_to_message(program.limits).SerializeToString(),
            compare=_compare_to_message(program.compare).SerializeToString(),
            signature=_signature_to_bytes(program.signature),
        ).SerializeToString()


def program_to_message(program: Program) -> pb.Program:
    """Return a program as a message.

    Raises:
        ValueError: see `Writer.program`.

    """
    return pb.Program.FromString(Writer().program(program))


def _compare_to_message(compare: Compare) -> pb.Compare:
    message = pb.Compare(unordered=compare.unordered)
    if compare.float_tolerance is not None:
        message.float_tolerance = compare.float_tolerance
    return message


def _signature_to_bytes(signature: Signature | None) -> bytes | None:
    if signature is None:
        return None
    message = pb.Signature(parameters=signature.parameters, returns=signature.returns)
    return message.SerializeToString()


def _test_to_message(test: Test | StdioTest) -> pb.Test:
    if isinstance(test, StdioTest):
        return pb.Test(stdio=pb.Stdio(stdin=test.stdin, stdout=test.stdout))
    call = pb.Call(
        args=[to_message(argument) for argument in test.args], expected=to_message(test.expected)
    )
    return pb.Test(call=call)


def program_from_message(message: pb.Program, default: Limits) -> Program:
    """Return the program of a message.

    Raises:
        ValueError: a value that makes no sense.

    """
    compare = message.compare
    tolerance = compare.float_tolerance if compare.HasField("float_tolerance") else None
    return Program(
        id=message.id,
        source=message.source,
        entry_point=message.entry_point or None,
        tests=tuple(_test_from_message(test) for test in message.tests),
        test_code=message.test_code or None,
        language=message.language,
        limits=limits_from_message(message.limits, default),
        compare=Compare(tolerance, compare.unordered),
        signature=_signature_from_message(message),
    )


def _signature_from_message(message: pb.Program) -> Signature | None:
    if not message.HasField("signature"):
        return None
    return Signature(tuple(message.signature.parameters), message.signature.returns)


def _test_from_message(message: pb.Test) -> Test | StdioTest:
    if message.HasField("stdio"):
        return StdioTest(message.stdio.stdin, message.stdio.stdout)
    args = tuple(from_message(argument) for argument in message.call.args)
    return Test(args, from_message(message.call.expected))


def result_to_message(result: Result) -> pb.Result:
    """Return a result as a message."""
    refusal = refusal_to_message(result.refusal) if result.refusal is not None else None
    return pb.Result(
        id=result.id,
        verdict=_TO_WIRE[result.verdict],
        security_violation=result.security_violation,
        tests=[
            pb.TestResult(
                verdict=_TO_WIRE[test.verdict],
                security_violation=test.security_violation,
                weak=test.weak,
                actual=test.actual,
                detail=test.detail,
            )
            for test in result.tests
        ],
        detail=result.detail,
        cpu_seconds=result.cpu_seconds,
        wall_seconds=result.wall_seconds,
        peak_rss_bytes=result.peak_rss_bytes,
        stdout=result.stdout,
        stderr=result.stderr,
        queue_seconds=result.queue_seconds,
        compile_seconds=result.compile_seconds,
        refusal=refusal,
    )


def refusal_to_message(refusal: Refusal) -> pb.Refusal:
    """Return a refusal as a message."""
    return pb.Refusal(code=refusal.code, message=refusal.message)


def refusal_from_message(message: pb.Refusal) -> Refusal:
    """Return the refusal of a message."""
    try:
        return Refusal(Code(message.code), message.message)
    except ValueError:  # a code of a newer server
        return Refusal(Code.UNAVAILABLE, message.message)


def result_from_message(message: pb.Result) -> Result:
    """Return the result of a message."""
    return Result(
        id=message.id,
        verdict=_FROM_WIRE[message.verdict],
        security_violation=message.security_violation,
        tests=tuple(
            TestResult(
                _FROM_WIRE[test.verdict],
                test.security_violation,
                test.weak,
                test.actual,
                test.detail,
            )
            for test in message.tests
        ),
        detail=message.detail,
        cpu_seconds=message.cpu_seconds,
        wall_seconds=message.wall_seconds,
        peak_rss_bytes=message.peak_rss_bytes,
        stdout=message.stdout,
        stderr=message.stderr,
        queue_seconds=message.queue_seconds,
        compile_seconds=message.compile_seconds,
        refusal=refusal_from_message(message.refusal) if message.HasField("refusal") else None,
    )


def description_from_message(message: pb.DescribeResponse) -> Description:
    """Return what a server said about itself."""
    return Description(
        tier=message.tier,
        zygote=message.zygote,
        cgroup=message.cgroup,
        slots=message.slots,
        queue_capacity=message.queue_capacity,
        max_batch=message.max_batch,
        max_source_bytes=message.max_source_bytes,
        default_limits=limits_from_message(message.default_limits, Limits()),
        maximum_limits=limits_from_message(message.maximum_limits, Limits()),
        languages=tuple(
            Language(item.name, item.version, item.available, item.hint, item.slots)
            for item in message.languages
        ),
        primitives=tuple(
            Primitive(item.name, item.available, item.reason, item.enable)
            for item in message.primitives
        ),
    )
