"""Twenty functions in six languages: each is right, and a mutant of each is not.

polyglot/ holds each function's source in each language; cases.json its types, its tests (a Python
literal, as JSON has no tuples) and for each language a replacement that makes the mutant.
"""

import ast
import json
import math
import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import SandboxClient
from sandbox.local import LocalServer
from sandbox.types import Limits, Program, Result, Signature, Test, Verdict

FOLDER = Path(__file__).parent / "polyglot"
CASES = {case["file"]: case for case in json.loads((FOLDER / "cases.json").read_text("utf-8"))}
SUFFIXES = {
    "python": "py",
    "javascript": "js",
    "cpp": "cpp",
    "rust": "rs",
    "java": "java",
    "go": "go",
}
# Of the machine's own load these tests say nothing.
LIMITS = Limits(cpu_seconds=10.0, wall_seconds=100.0)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def polyglot() -> Iterator[SandboxClient]:
    # A batch is answered whole, and the first waits for the toolchains' preparation.
    with LocalServer() as server, SandboxClient(server.target, timeout_seconds=280.0) as client:
        yield client


@pytest.fixture(scope="module", params=list(SUFFIXES))
def language(request: pytest.FixtureRequest, polyglot: SandboxClient) -> str:
    here = {item.name: item for item in polyglot.describe().languages}[request.param]
    if not here.available:
        pytest.skip(f"{here.name}: {here.hint}")
    return here.name


@pytest.fixture(scope="module")
def results(language: str, polyglot: SandboxClient) -> dict[str, Result]:
    """All of one language at once, so that several compilers run at a time."""
    programs = [
        program
        for case in CASES.values()
        for program in (_program(case, language), _mutant(case, language))
    ]
    return {result.id: result for result in polyglot.execute(programs)}


def _program(case: dict[str, Any], language: str, declared: bool = True) -> Program:
    source = (FOLDER / f"{case['file']}.{SUFFIXES[language]}").read_text("utf-8")
    signature = Signature(tuple(case["parameters"]), case["returns"])
    return Program(
        id=case["file"],
        source=source,
        entry_point=case["entry_point"],
        tests=tuple(Test(args, expected) for args, expected in ast.literal_eval(case["tests"])),
        language=language,
        limits=LIMITS,
        signature=signature if declared else None,
    )


def _mutant(case: dict[str, Any], language: str) -> Program:
    right = _program(case, language)
    before, after = case["mutants"][SUFFIXES[language]]
    assert right.source.count(before) == 1
    source = right.source.replace(before, after)
    return Program(
        id=f"mutant of {right.id}",
        source=source,
        entry_point=right.entry_point,
        tests=right.tests,
        language=language,
        limits=LIMITS,
        signature=right.signature,
    )


@pytest.mark.parametrize("name", CASES)
def test_passes_in_every_language(results: dict[str, Result], name: str) -> None:
    result = results[name]
    assert result.verdict is Verdict.PASSED, result
    assert {test.verdict for test in result.tests} == {Verdict.PASSED}
    assert not result.security_violation


@pytest.mark.parametrize("name", CASES)
def test_its_mutant_is_wrong_in_every_language(results: dict[str, Result], name: str) -> None:
    result = results[f"mutant of {name}"]
    assert result.verdict is Verdict.WRONG_ANSWER, result
    assert Verdict.WRONG_ANSWER in {test.verdict for test in result.tests}


IDENTITY = {
    "python": "def same(values): return values",
    "javascript": "const same = (values) => values;",
    "cpp": "#include <vector>\nstd::vector<double> same(std::vector<double> v) { return v; }",
    "rust": "fn same(values: Vec<f64>) -> Vec<f64> { values }",
    "java": "class Main { static double[] same(double[] values) { return values; } }",
    "go": "package main\nfunc same(values []float64) []float64 { return values }",
}


def _doubles() -> list[float]:
    """Of every kind: random bits, decimals with few digits, whole numbers, neighbours of powers."""
    chance = random.Random(7)
    bits = [struct.unpack("d", chance.randbytes(8))[0] for _ in range(3000)]
    short = [float(f"{chance.randrange(10**5)}e{chance.randrange(-30, 30)}") for _ in range(1000)]
    whole = [float(chance.randrange(-(2**63), 2**63)) for _ in range(500)]
    powers = [math.ldexp(1.0, power) for power in range(-1074, 1024)]
    near = [math.nextafter(power, chance.choice((0.0, math.inf))) for power in powers]
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e16, 9999999999999998.0, 1e-4]
    return [*bits, *short, *whole, *powers, *near, *special]


def test_floats_are_written_as_python_writes_them(language: str, polyglot: SandboxClient) -> None:
    values = _doubles()
    half = len(values) // 2
    program = Program(
        id="floats",
        source=IDENTITY[language],
        entry_point="same",
        tests=tuple(Test((part,), part) for part in (values[:half], values[half:])),
        language=language,
        limits=LIMITS,
    )
    [result] = polyglot.execute([program])
    assert result.verdict is Verdict.PASSED, result


def test_types_are_found_from_the_tests(language: str, polyglot: SandboxClient) -> None:
    programs = [_program(case, language, declared=False) for case in CASES.values()]
    assert [result.verdict for result in polyglot.execute(programs)] == [Verdict.PASSED] * 20
