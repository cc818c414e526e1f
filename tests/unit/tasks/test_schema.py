"""A task round-trips through its JSON form, and each broken rule names its field."""

import json
import keyword
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import (
    Compare,
    Constraints,
    Example,
    Param,
    Signature,
    StdioTest,
    Task,
    TaskError,
    typelang,
    values,
)
from tests.unit.tasks.test_values import anything

names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name)
)
texts = st.text(max_size=12)


@st.composite
def function_tasks(draw):
    params = draw(st.lists(names, max_size=3, unique=True))
    calls = st.builds(Example, st.tuples(*[anything for _ in params]), anything)
    shown = draw(st.lists(calls, max_size=2).map(tuple))
    hidden = draw(st.lists(calls, min_size=1, max_size=3).map(tuple))
    every = (*shown, *hidden)
    types = [str(typelang.infer([call.args[i] for call in every])) for i in range(len(params))]
    name = draw(names)
    return Task(
        id=draw(texts.filter(str.strip)),
        entry_point=name,
        signature=Signature(
            tuple(Param(*pair) for pair in zip(params, types, strict=True)),
            str(typelang.infer([call.expected for call in every])),
        ),
        description=draw(texts),
        examples=shown,
        tests=hidden,
        constraints=Constraints(
            max_nodes=draw(st.none() | st.integers(1, 500)),
            forbid=draw(st.just(()) | st.just(("Import", "While"))),
            require=draw(st.just(()) | st.just(("For",))),
        ),
        stage=draw(texts),
        tags=draw(st.lists(texts, max_size=2).map(tuple)),
        reference=draw(st.none() | st.just(f"def {name}(*args):\n    return args\n")),
        source=draw(st.none() | texts.filter(bool)),
        license=draw(st.none() | texts.filter(bool)),
        program=draw(st.none() | st.just("x = 1\n")),
        compare=Compare(draw(st.none() | st.floats(1e-12, 1.0)), draw(st.booleans())),
    )


stdio_tasks = st.builds(
    Task,
    id=st.just("stdio/1"),
    entry_point=st.none(),
    signature=st.none(),
    description=texts,
    tests=st.lists(st.builds(StdioTest, texts, texts), min_size=1, max_size=3).map(tuple),
)


def dumped(task: Task) -> str:
    return json.dumps(task.to_json(), allow_nan=False)


@given(function_tasks() | stdio_tasks)
def test_a_task_is_read_back_from_its_json(task):
    again = Task.from_json(json.loads(dumped(task)))
    assert dumped(again) == dumped(task)
    unvalued = replace(again, examples=(), tests=())
    assert unvalued == replace(task, examples=(), tests=())
    for old, new in zip(
        (*task.examples, *task.calls), (*again.examples, *again.calls), strict=True
    ):
        assert values.literal(new.args) == values.literal(old.args)
        assert values.literal(new.expected) == values.literal(old.expected)
    assert again.stdio == task.stdio


DOCUMENTED = {
    "id": "loops/sum_up_to_n/17",
    "entry_point": "sum_up_to_n",
    "signature": {"params": [{"name": "n", "type": "int"}], "returns": "int"},
    "description": "Sum of the integers from 0 to n.",
    "examples": [{"args": [4], "expected": 10}],
    "tests": [{"args": [10], "expected": 55}],
    "constraints": {"max_nodes": 64, "forbid": ["Import"], "require": ["For"]},
    "stage": "loops",
    "tags": [],
    "reference": "def sum_up_to_n(n):\n    return sum(range(n + 1))\n",
    "source": "handwritten",
    "license": "MIT",
}


def test_the_documented_task_is_read():
    task = Task.from_json(DOCUMENTED)
    assert task.calls == (Example((10,), 55),)
    assert task.constraints == Constraints(64, ("Import",), ("For",))
    assert task.to_json() == {key: value for key, value in DOCUMENTED.items() if key != "tags"}


def without(*keys: str) -> dict[str, object]:
    return {key: value for key, value in DOCUMENTED.items() if key not in keys}


CALL = {"args": [10], "expected": 55}
BROKEN = [
    ([], "a task: expected an object, got a list"),
    ({**DOCUMENTED, "exmples": []}, "exmples: unknown key; did you mean 'examples'?"),
    ({**DOCUMENTED, "zzz": 1}, "zzz: unknown key; known: id, entry_point"),
    (without("id"), "id: missing"),
    ({**DOCUMENTED, "id": ""}, "id: must not be empty"),
    ({**DOCUMENTED, "id": 3}, "id: expected a string, got an integer"),
    (without("description"), "description: missing"),
    (without("entry_point"), "entry_point: missing"),
    ({**DOCUMENTED, "entry_point": "for"}, "entry_point: 'for' is no Python name"),
    (without("signature"), "signature: missing"),
    ({**DOCUMENTED, "signature": []}, "signature: expected an object, got a list"),
    ({**DOCUMENTED, "signature": {"params": []}}, "signature.returns: missing"),
    (
        {**DOCUMENTED, "signature": {"params": [{"name": "n"}], "returns": "int"}},
        "signature.params[0].type: missing",
    ),
    (
        {
            **DOCUMENTED,
            "signature": {"params": [{"name": "n", "type": "number"}], "returns": "int"},
        },
        "signature.params[0].type: unknown type 'number'",
    ),
    (
        {
            **DOCUMENTED,
            "signature": {"params": [{"name": "n", "type": "int"}] * 2, "returns": "int"},
        },
        "signature.params[1].name: 'n' is there twice",
    ),
    (without("tests"), "tests: give either tests (at least one) or test_code"),
    ({**DOCUMENTED, "tests": []}, "tests: give either tests (at least one) or test_code"),
    ({**DOCUMENTED, "test_code": "assert True"}, "tests: give either tests"),
    ({**DOCUMENTED, "tests": CALL}, "tests: expected a list, got an object"),
    ({**DOCUMENTED, "tests": [{"args": [1]}]}, "tests[0].expected: missing"),
    (
        {**DOCUMENTED, "tests": [{**CALL, "args": 1}]},
        "tests[0].args: expected a list, got an integer",
    ),
    ({**DOCUMENTED, "tests": [{**CALL, "got": 1}]}, "tests[0].got: unknown key"),
    (
        {**DOCUMENTED, "tests": [{**CALL, "args": [1, 2]}]},
        "tests[0].args: expected 1 value(s), got 2",
    ),
    (
        {**DOCUMENTED, "tests": [CALL, {**CALL, "args": ["1"]}]},
        "tests[1].args[0]: declared int, but the value is of type str",
    ),
    ({**DOCUMENTED, "tests": [{**CALL, "expected": True}]}, "tests[0].expected: declared int"),
    (
        {**DOCUMENTED, "examples": [{**CALL, "expected": None}]},
        "examples[0].expected: declared int",
    ),
    (
        {**DOCUMENTED, "tests": [{**CALL, "expected": {"$py": "x"}}]},
        "tests[0].expected: not a Python",
    ),
    ({**DOCUMENTED, "tests": [{"stdin": "1", "stdout": "2"}]}, "tests: stdin tests don't mix"),
    (
        {**without("examples"), "tests": [{"stdin": "1", "stdout": "2"}]},
        "entry_point: a program with stdin tests has no entry point",
    ),
    ({**DOCUMENTED, "constraints": {"max_nodes": 0}}, "constraints.max_nodes: must be at least 1"),
    (
        {**DOCUMENTED, "constraints": {"max_nodes": 2.5}},
        "constraints.max_nodes: expected an integer",
    ),
    ({**DOCUMENTED, "constraints": {"forbid": ["For loop"]}}, "constraints.forbid: 'For loop'"),
    (
        {**DOCUMENTED, "constraints": {"forbid": ["For"], "require": ["For"]}},
        "constraints.require: 'For' is forbidden as well",
    ),
    (
        {**DOCUMENTED, "compare": {"float_tolerance": -1}},
        "compare.float_tolerance: must be positive",
    ),
    ({**DOCUMENTED, "compare": {"unordered": 1}}, "compare.unordered: expected true or false"),
    ({**DOCUMENTED, "tags": [1]}, "tags[0]: expected a string, got an integer"),
    ({**DOCUMENTED, "reference": "def f(:"}, "reference: not Python: invalid syntax (line 1)"),
    ({**DOCUMENTED, "reference": "def f(): pass"}, "reference: does not define 'sum_up_to_n'"),
    ({**DOCUMENTED, "program": "\0"}, "program: not Python"),
]


@pytest.mark.parametrize(("data", "reason"), BROKEN, ids=[reason for _, reason in BROKEN])
def test_a_broken_task_is_refused_with_its_field(data, reason):
    with pytest.raises(TaskError) as caught:
        Task.from_json(data)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)


def test_assert_statements_may_stand_instead_of_tests():
    task = Task.from_json({**without("tests"), "test_code": "assert sum_up_to_n(2) == 3\n"})
    assert task.tests == ()
    assert task.test_code == "assert sum_up_to_n(2) == 3\n"
