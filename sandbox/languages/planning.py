"""From a program in a language other than Python to what its jail is told. The trusted side."""

import re

from sandbox.canonical import canonical
from sandbox.languages.inference import arguments_bytes, conformed, signature_of
from sandbox.languages.payload import Payload
from sandbox.languages.toolchain import Unit
from sandbox.plan import CallCheck, OutputCheck, PlanError, Run, check_tests
from sandbox.signature import SignatureError
from sandbox.types import Program, StdioTest, Test

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def plan(program: Program) -> tuple[Run, ...]:
    """Return the runs that a program needs: one for all its calls, or one for each stdio test.

    Raises:
        PlanError: tests that make no sense, assert statements, a name that no function can have,
            or values that have no type in every language.

    """
    check_tests(program)
    try:
        return _plan(program)
    except ValueError as error:
        raise PlanError(f"program {program.id!r}: {error}") from error


def _plan(program: Program) -> tuple[Run, ...]:
    source = program.source.encode()
    if program.test_code:
        raise ValueError(f"test_code is Python; give {program.language} tests, or stdio tests")
    scripts = [test for test in program.tests if isinstance(test, StdioTest)]
    if scripts:
        payload = Payload(Unit(source, True), b"").to_bytes()
        return tuple(
            Run(payload, test.stdin.encode(), (OutputCheck(test.stdout),)) for test in scripts
        )
    name = program.entry_point or ""
    if not _NAME.fullmatch(name):
        raise ValueError(f"entry_point: {name!r} is no function's name")
    tests = [test for test in program.tests if isinstance(test, Test)]
    try:
        return (_calls(program, source, name, tests),)
    except SignatureError as error:
        raise ValueError(f"types of {name}: {error}") from error


def _calls(program: Program, source: bytes, name: str, tests: list[Test]) -> Run:
    parameters, returns = signature_of(tests, program.signature)
    arguments, checks = [], []
    for test in tests:
        pairs = enumerate(zip(test.args, parameters, strict=True))
        args = tuple(conformed(*pair, f"argument {place}") for place, pair in pairs)
        arguments.append(arguments_bytes(args))
        expected = canonical(conformed(test.expected, returns, "the expected value"))
        checks.append(CallCheck(expected, program.compare))
    payload = Payload(Unit(source, False, name, len(parameters), str(returns)), b"".join(arguments))
    return Run(payload.to_bytes(), b"", tuple(checks))
