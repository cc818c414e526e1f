"""From a program to what the jail is told and what the judge checks. The trusted side."""

import marshal
from dataclasses import dataclass

from sandbox.asserts import Call, rewrite
from sandbox.canonical import How, canonical
from sandbox.jail import child
from sandbox.signature import SignatureError, check
from sandbox.types import Program, StdioTest


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


def plan(program: Program) -> tuple[Run, ...]:
    """Return the runs that a program needs: one for all its calls, or one for each stdio test.

    Raises:
        PlanError: no tests, both kinds of tests, or a value without a canonical form.

    """
    source = program.source.encode("utf-8", "surrogatepass")
    scripts = [test for test in program.tests if isinstance(test, StdioTest)]
    calls = [test for test in program.tests if not isinstance(test, StdioTest)]
    if scripts and (calls or program.test_code):
        raise PlanError(f"program {program.id!r}: stdio tests beside calls of an entry point")
    if calls and not program.entry_point:
        raise PlanError(f"program {program.id!r}: its tests call a function; name entry_point")
    if not program.tests and not program.test_code:
        raise PlanError(f"program {program.id!r}: no tests and no test_code")
    try:
        check(program)
    except SignatureError as error:
        raise PlanError(f"program {program.id!r}: signature: {error}") from error
    most = program.limits.output_bytes
    if scripts:
        payload = marshal.dumps((child.SCRIPT, source, "", [], most), 2)
        return tuple(
            Run(payload, test.stdin.encode(), (OutputCheck(test.stdout),)) for test in scripts
        )
    try:
        checks: list[Check] = [
            CallCheck(canonical(test.expected), program.compare) for test in calls
        ]
    except ValueError as error:
        raise PlanError(f"program {program.id!r}: an expected value: {error}") from error
    steps: list[tuple[int, object]] = [(child.CALL, test.args) for test in calls]
    if program.test_code:
        for item in rewrite(program.test_code, program.entry_point or ""):
            if isinstance(item, Call):
                checks.append(CallCheck(canonical(item.expected), item.how))
                steps.append((child.CALL, item.args))
            else:
                checks.append(WeakCheck())
                steps.append((child.STATEMENTS, item.source))
    payload = marshal.dumps((child.CALLS, source, program.entry_point or "", steps, most), 2)
    return (Run(payload, b"", tuple(checks)),)
