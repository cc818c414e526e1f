"""Types across languages, the plan of a program, the store of compiled ones, compilers' words."""

import os
from typing import Any

import pytest

from sandbox.canonical import canonical
from sandbox.jail import zygote
from sandbox.judge import Facts, judge
from sandbox.languages.compiled import CompileCache, sealed
from sandbox.languages.inference import arguments_bytes, conformed, signature_of
from sandbox.languages.messages import compiler_message
from sandbox.languages.payload import Payload
from sandbox.languages.planning import plan
from sandbox.plan import CallCheck, OutputCheck, PlanError
from sandbox.signature import SignatureError, parse
from sandbox.types import Program, Signature, StdioTest, Test, Verdict


def types(*tests, signature=None):
    parameters, returns = signature_of([Test(*test) for test in tests], signature)
    return [str(kind) for kind in (*parameters, returns)]


def facts(**changed):
    held: dict[str, Any] = {
        "status": 0,
        "ended": zygote.ENDED_ITSELF,
        "cpu_seconds": 0.0,
        "wall_seconds": 0.0,
    }
    held |= {"peak_rss_bytes": 0, "results": b"", "stdout": b"", "stderr": b"", "overflowed": False}
    return Facts(**{**held, **changed})


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ([1, 2], "list[int]"),
        ([[], [1]], "list[list[int]]"),
        ([1, 2.5], "list[float]"),
        ([None, "a"], "list[str | None]"),
        ([(1, "a"), (2, "b")], "list[tuple[int, str]]"),
        ({"a": [True]}, "dict[str, list[bool]]"),
        ([{}, {1: None}, {2: 0.5}], "list[dict[int, float | None]]"),
    ],
)
def test_the_type_of_a_value(value, found):
    assert types(((value,), 1)) == [found, "int"]


def test_all_tests_together_show_a_type():
    assert types((([], None), 1), (([True], 2), 1.5)) == ["list[bool]", "int | None", "float"]


@pytest.mark.parametrize(
    ("tests", "says"),
    [
        ([((1,), 1), (("a",), 1)], "argument 0: int in one place and str in another"),
        ([((True,), 1), ((1,), 1)], "bool in one place and int in another"),
        ([(([1, "a"],), 1)], "list"),
        ([(([],), 1)], "declare a signature"),
        ([((1,), None)], "the expected value: the tests do not show its type"),
        ([(({1, 2},), 1)], "a set has no form"),
        ([(({(1, 2): 1},), 1)], "keys are int, str, bool"),
        ([((1,), 1), ((1, 2), 1)], "number of arguments"),
    ],
)
def test_types_that_no_language_has(tests, says):
    with pytest.raises(SignatureError) as caught:
        types(*tests)
    assert says in str(caught.value) or says == "list"
    assert "\n" not in str(caught.value)


def test_a_declared_type_that_no_language_has():
    with pytest.raises(SignatureError, match=r"int \| str: only T \| None"):
        types(((1,), 1), signature=Signature(("int | str",), "int"))


def test_values_as_their_types_have_them():
    kind = parse("dict[str, tuple[float, int | None]]")
    made = conformed({"a": (1, None), "b": (2.5, 3)}, kind, "here")
    assert canonical(made) == canonical({"a": (1.0, None), "b": (2.5, 3)})
    with pytest.raises(SignatureError, match="here: 9223372036854775808 has more than 64 bits"):
        conformed(2**63, parse("int"), "here")


def test_arguments_keep_the_order_of_dicts():
    assert arguments_bytes(({"b": 1, "a": 2},)) == b"20:t1:d2:s1:bi1;s1:ai2;"


def test_the_plan_of_calls_holds_no_expected_value():
    tests = (Test((2, [0.5]), "secret"),)
    [run] = plan(Program("p", "int f();", "f", tests, language="cpp"))
    assert run.checks[0] == CallCheck(canonical("secret"), Program("", "").compare)
    assert b"secret" not in run.payload
    payload = Payload.from_bytes(run.payload)
    assert (payload.unit.entry_point, payload.unit.parameters) == ("f", 2)
    assert payload.unit.returns == "str"
    assert payload.arguments == arguments_bytes((2, [0.5]))


def test_the_plan_of_scripts():
    tests = (StdioTest("1", "2"), StdioTest("3", "4"))
    runs = plan(Program("p", "int main() {}", tests=tests, language="cpp"))
    assert [run.stdin for run in runs] == [b"1", b"3"]
    assert [run.checks for run in runs] == [(OutputCheck("2"),), (OutputCheck("4"),)]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"test_code": "assert f(1) == 2", "tests": ()}, "test_code is Python"),
        ({"entry_point": "f(); g"}, "no function's name"),
        ({"tests": (Test(({1},), 1),)}, "types of f: argument 0: a set"),
        ({"tests": (Test((2**70,), 1),)}, "more than 64 bits"),
    ],
)
def test_programs_that_no_language_but_python_runs(changed, says):
    held = {"entry_point": "f", "tests": (Test((1,), 2),), "language": "rust", **changed}
    with pytest.raises(PlanError, match="program 'p': ") as caught:
        plan(Program("p", "", **held))
    assert says in str(caught.value)


def test_the_store_drops_what_was_used_longest_ago():
    store = CompileCache(10)
    for key in (b"a", b"b", b"c"):
        store.put(key, sealed(key * 4))
    assert store.take(b"a") is None
    taken = [descriptor for key in (b"b", b"c") if (descriptor := store.take(key)) is not None]
    assert [os.read(descriptor, 9) for descriptor in taken] == [b"bbbb", b"cccc"]
    with pytest.raises(PermissionError):
        os.write(taken[0], b"x")
    store.take(b"b")
    store.put(b"d", sealed(b"dddd"))
    assert store.take(b"c") is None
    store.clear()
    assert len(store) == 0
    assert store.take(b"b") is None
    assert os.fstat(taken[0]).st_size == 4  # who took it has it still


def test_what_a_compiler_says():
    said = b"In file included from main.cpp:2:\n\n/work/program.cpp:1:21: error: no y\n"
    assert compiler_message(facts(stderr=said)) == b"program.cpp:1:21: error: no y"
    assert b"CPU" in compiler_message(facts(ended=zygote.ENDED_BY_CPU))
    assert b"too long" in compiler_message(facts(ended=zygote.ENDED_BY_WALL))
    assert b"too much" in compiler_message(facts(overflowed=True))
    assert b"memory" in compiler_message(facts(out_of_memory=True))
    assert compiler_message(facts()) == b"the compiler ended without a word"


def test_a_program_that_the_kernel_ended_for_want_of_memory():
    [run] = plan(Program("p", "", "f", (Test((1,), 2),), language="go"))
    judged = judge(run, facts(status=9, results=b"K\0\0\0\0", out_of_memory=True), 1.0)
    assert judged.verdict is Verdict.MEMORY_LIMIT
