"""How a line of `treewright synth --tasks` is read."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import Example, Param, Signature, Task
from treewright.lines import Line
from treewright.stream import read

FULL = {
    "id": "sums/1",
    "entry_point": "f",
    "signature": {"params": [{"name": "n", "type": "int"}], "returns": "int"},
    "description": "",
    "examples": [{"args": [4], "expected": 10}],
}
SHORT = {"signature": "f(n: int) -> int", "examples": ["4 -> 10"]}


def request(text, number=7):
    data = text if isinstance(text, bytes | str) else json.dumps(text)
    return read(Line(number, data if isinstance(data, bytes) else data.encode()))


def test_both_forms_of_a_line_are_the_same_task():
    full, short = request(FULL), request(SHORT | {"id": "sums/1"})
    assert full == short
    assert full.task is not None
    assert (full.line, full.id, full.error) == (7, "sums/1", "")
    assert full.task.signature == Signature((Param("n", "int"),), "int")
    assert full.task.examples == full.task.tests == (Example((4,), 10),)


def test_an_id_is_the_lines_own():
    assert request(SHORT).id is None
    assert request({"id": "a", "signature": 3}).id == "a"


calls = st.builds(Example, st.tuples(st.integers()), st.integers())


@given(st.lists(calls, min_size=1, max_size=3), st.lists(calls, min_size=1, max_size=3), st.text())
def test_a_line_of_a_task_file_is_read_with_its_hidden_tests_or_without(shown, hidden, text):
    signature = Signature((Param("n", "int"),), "int")
    task = Task("a", "f", signature, text, tuple(shown), tuple(hidden), tags=("x",))
    line = task.to_json()
    assert request(line).task == task
    del line["tests"]
    assert request(line).task == replace(task, tests=task.examples)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON: Expecting property name"),
        (b'{"id": "\xe9"}', "not UTF-8 (byte 8)"),
        ("[1]", "a task: expected an object, got a list"),
        ("[" * 100_000, "not JSON: nested too deeply"),
        (SHORT | {"examples": [[[[0] * 900]]]}, "examples[0]: expected a string, got a list"),
        (SHORT | {"examples": []}, "examples: give at least one, for example '4 -> 10'"),
        (SHORT | {"examples": ["4 10"]}, "example: can't read '4 10'"),
        (SHORT | {"signature": "f(n)"}, "signature: 'f(n)' has no return type"),
        (SHORT | {"tests": []}, "tests: unknown key; known: id, signature, examples, description"),
        (SHORT | {"id": " "}, "id: must not be empty"),
        (SHORT | {"id": 3}, "id: expected a string, got an integer"),
        (FULL | {"examples": []}, 'examples: give at least one, for example {"args": [4]'),
        (FULL | {"examples": ["4 -> 10"]}, "examples[0]: expected an object, got a string"),
        (FULL | {"exampels": []}, "exampels: unknown key; did you mean 'examples'?"),
        (FULL | {"tests": [{"args": [], "expected": 1}]}, "tests[0].args: expected 1 value(s)"),
        (FULL | {"tests": [{"stdin": "", "stdout": ""}]}, "tests: stdin tests don't mix"),
    ],
)
def test_a_bad_line_says_why(text, reason):
    refused = request(text)
    assert refused.task is None
    assert refused.error.startswith(reason)


def test_values_nested_too_deeply_are_refused():
    deep = "[" * 490 + "]" * 490
    line = json.dumps(FULL).replace("[4]", f"[{deep}]").replace('"int"}]', '"Any"}]')
    refused = request(line)
    assert (refused.task, refused.error) == (None, "nested too deeply")
    assert refused.id == "sums/1"
