"""From a program to what the jail is told and what the judge checks. The trusted side.

Programs come in groups that share their tests, so what the tests make (expected bytes, arguments
as the jail reads them) is prepared without the source and used for the whole group.
"""

import marshal
from dataclasses import dataclass

from sandbox.asserts import Call, rewrite
from sandbox.canonical import How, canonical
from sandbox.jail import child
from sandbox.signature import SignatureError, check
from sandbox.types import Program, StdioTest, Test

_VERSION = 2  # of marshal: without references between parts, so that parts may be joined
_PARTS = b"(" + (5).to_bytes(4, "little")  # the head of a tuple of five


@dataclass(frozen=True, slots=True)
class CallCheck:
    """One call: the expected value's bytes stay on this side."""

    expected: bytes
    how: How


@dataclass(frozen=True, slots=True)
class WeakCheck:
    """Statements that run inside the jail."""


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """A whole run: what standard output must hold."""

    expected: str


Check = CallCheck | WeakCheck | OutputCheck


@dataclass(frozen=True, slots=True)
class Run:
    """One process: its payload, its standard input, and what to check of it."""

    payload: bytes
    stdin: bytes
    checks: tuple[Check, ...]


class PlanError(ValueError):
    """A program that can't be run: one line that says why."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """All of a Python program's runs but the source."""

    before: bytes
    after: bytes
    """Of the payload, what stands before and after the source."""
    each: tuple[tuple[bytes, tuple[Check, ...]], ...]
    """For each run its standard input and its checks."""

    def runs(self, source: bytes) -> tuple[Run, ...]:
        """Return the runs with the source put in."""
        payload = b"".join((self.before, marshal.dumps(source, _VERSION), self.after))
        return tuple(Run(payload, stdin, checks) for stdin, checks in self.each)


def plan(program: Program) -> tuple[Run, ...]:
    """Return the runs that a program needs: one for all its calls, or one for each stdio test.

    Raises:
        PlanError: no tests, both kinds of tests, tests of other types than the signature's, or a
            value without a canonical form.

    """
    check_tests(program)
    return prepare(program).runs(program.source.encode("utf-8", "surrogatepass"))


def check_tests(program: Program) -> None:
    """Refuse tests that make no sense in any language.

    Raises:
        PlanError: says what is wrong with them.

    """
    where = f"program {program.id!r}"
    calls = any(isinstance(test, Test) for test in program.tests)
    scripts = any(isinstance(test, StdioTest) for test in program.tests)
    if scripts and (calls or program.test_code):
        raise PlanError(f"{where}: stdio tests beside calls of an entry point")
    if calls and not program.entry_point:
        raise PlanError(f"{where}: its tests call a function; name entry_point")
    if not program.tests and not program.test_code:
        raise PlanError(f"{where}: no tests and no test_code")
    try:
        check(program)
    except SignatureError as error:
        raise PlanError(f"{where}: signature: {error}") from error


def prepare(program: Program) -> Prepared:
    """Return what a Python program's tests make; its source is not looked at.

    Raises:
        PlanError: a value without a canonical form, test code that asserts nothing.

    """
    scripts = [test for test in program.tests if isinstance(test, StdioTest)]
    if scripts:
        return Prepared(
            _PARTS + marshal.dumps(child.SCRIPT, _VERSION),
            _after("", [], program),
            tuple((test.stdin.encode(), (OutputCheck(test.stdout),)) for test in scripts),
        )
    try:
        steps, checks = _steps(program)
    except ValueError as error:
        raise PlanError(f"program {program.id!r}: its tests: {error}") from error
    return Prepared(
        _PARTS + marshal.dumps(child.CALLS, _VERSION),
        _after(program.entry_point or "", steps, program),
        ((b"", tuple(checks)),),
    )


def _after(entry_point: str, steps: list[tuple[int, object]], program: Program) -> bytes:
    parts = (entry_point, steps, program.limits.output_bytes)
    return b"".join(marshal.dumps(part, _VERSION) for part in parts)


def _steps(program: Program) -> tuple[list[tuple[int, object]], list[Check]]:
    """Return what the jail does, and beside each step what the judge checks of it."""
    calls = [test for test in program.tests if isinstance(test, Test)]
    checks: list[Check] = [CallCheck(canonical(test.expected), program.compare) for test in calls]
    steps: list[tuple[int, object]] = [(child.CALL, test.args) for test in calls]
    if program.test_code:
        for item in rewrite(program.test_code, program.entry_point or ""):
            if isinstance(item, Call):
                checks.append(CallCheck(canonical(item.expected), item.how))
                steps.append((child.CALL, item.args))
            else:
                checks.append(WeakCheck())
                steps.append((child.STATEMENTS, item.source))
    return steps, checks
