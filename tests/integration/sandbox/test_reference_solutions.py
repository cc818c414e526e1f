"""Solutions that the benchmarks publish pass as they are written; known bugs do not."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.types import Limits, Program, Verdict

DATA = Path(
    os.environ.get("TREEWRIGHT_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")
)
LIMITS = Limits(cpu_seconds=20.0, wall_seconds=200.0)
BUG_LIMITS = Limits(cpu_seconds=0.3, wall_seconds=60.0)
TOO_LONG = "amanaplanacanalpanama"


def file(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"no {path}: set TREEWRIGHT_DATA to a folder that holds it")
    return path


def records(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file(name).read_text().splitlines()]


def not_passed(client: Any, programs: list[Program]) -> list[tuple[str, str, str]]:
    results = client.execute(programs)
    return [
        (result.id, result.verdict, result.detail)
        for result in results
        if result.verdict is not Verdict.PASSED
    ]


def test_mbpp(client):
    programs = []
    for task in records("mbpp/mbpp.jsonl"):
        defined = set(re.findall(r"^def (\w+)", task["code"], re.MULTILINE))
        called = re.findall(r"(\w+) ?\(", task["test_list"][0])
        entry = next(name for name in called if name in defined)
        tests = [task["test_setup_code"], *task["test_list"], *task["challenge_test_list"]]
        programs.append(
            Program(str(task["task_id"]), task["code"], entry, (), "\n".join(tests), limits=LIMITS)
        )
    assert len(programs) > 900
    assert not_passed(client, programs) == []


def test_humaneval(client):
    programs = [
        Program(
            task["task_id"],
            task["prompt"] + task["canonical_solution"],
            task["entry_point"],
            (),
            f"{task['test']}\ncheck({task['entry_point']})",
            limits=LIMITS,
        )
        for task in records("humaneval/HumanEval.jsonl")
    ]
    assert len(programs) == 164
    assert not_passed(client, programs) == []


def driver(task: dict[str, Any], node: str) -> str:
    """QuixBugs' own tests of a program as test code."""
    name = task["name"]
    if task["json_tests"] is None:
        start = task["pytest"].index(f"import {name}\n\n\n") + len(f"import {name}")
        body = task["pytest"][start:]
        calls = "".join(f"{test}()\n" for test in re.findall(r"^def (test\d+)", body, re.MULTILINE))
        return f"{node}\n{body}\n{calls}"
    return "\n".join(_assert(name, *test) for test in task["json_tests"] if test[0][0] != TOO_LONG)


def _assert(name: str, args: list[Any], expected: Any) -> str:
    call = f"{name}({', '.join(map(repr, args))})"
    if name == "kheapsort":  # a generator
        return f"assert list({call}) == {expected!r}"
    if name == "hanoi":  # JSON has no tuples
        return f"assert {call} == {[tuple(step) for step in expected]!r}"
    if name == "sqrt":  # its last argument is the tolerance
        return f"assert abs({call} - {expected!r}) < {args[-1] + 1e-9!r}"
    return f"assert {call} == {expected!r}"


def quixbugs(kind: str, limits: Limits) -> list[Program]:
    node = file("quixbugs/node.py").read_text()
    tasks = records("quixbugs/quixbugs.jsonl")
    return [
        Program(task["name"], task[kind], task["name"], (), driver(task, node), limits=limits)
        for task in tasks
    ]


def test_quixbugs_correct(client):
    programs = quixbugs("correct", LIMITS)
    assert len(programs) >= 28
    assert not_passed(client, programs) == []


def test_quixbugs_buggy(client):
    programs = quixbugs("buggy", BUG_LIMITS)
    failed = {name for name, _, _ in not_passed(client, programs)}
    assert failed == {program.id for program in programs}
