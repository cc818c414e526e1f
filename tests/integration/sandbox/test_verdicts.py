"""Each verdict, from a real jail through the real protocol."""

import pytest

from sandbox.errors import SandboxRejected
from sandbox.types import Compare, Limits, Program, StdioTest, Test, Verdict

ADD = "def add(a, b): return a + b"
TESTS = (Test((2, 3), 5), Test((-1, 1), 0))


def one(client, source, tests=TESTS, entry_point="add", **rest):
    return client.execute([Program("p", source, entry_point, tests, **rest)])[0]


def test_passed(client):
    result = one(client, ADD)
    assert result.id == "p"
    assert result.verdict is Verdict.PASSED
    assert [test.verdict for test in result.tests] == [Verdict.PASSED, Verdict.PASSED]
    assert 0 < result.cpu_seconds < 1
    assert 0 < result.wall_seconds < 10
    assert 2**20 < result.peak_rss_bytes < 100 * 2**20
    assert not result.security_violation


def test_wrong_answer_tells_the_actual_value(client):
    result = one(client, "def add(a, b): return [a, (b, {1, 2}), 'x', None]")
    assert result.verdict is Verdict.WRONG_ANSWER
    assert result.tests[0].actual == "[2, (3, {1, 2}), 'x', None]"


def test_one_of_several_tests_fails(client):
    result = one(client, "def add(a, b): return 5")
    assert result.verdict is Verdict.WRONG_ANSWER
    assert [test.verdict for test in result.tests] == [Verdict.PASSED, Verdict.WRONG_ANSWER]
    assert result.tests[1].actual == "5"


def test_compile_error_names_the_line(client):
    result = one(client, "x = 1\ndef add(a, b) return a")
    assert result.verdict is Verdict.COMPILE_ERROR
    assert "line 2" in result.detail


def test_runtime_error_names_exception_and_line(client):
    result = one(client, "def add(a, b):\n    return a // (b - 3) + 7")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.tests[0].detail.startswith("ZeroDivisionError: ")
    assert result.tests[0].detail.endswith("(line 2)")
    assert result.tests[1].verdict is Verdict.WRONG_ANSWER


def test_time_limit_leaves_the_tests_before_it(client):
    source = "def add(a, b):\n    while a < 0: pass\n    return a + b"
    result = one(client, source, limits=Limits(cpu_seconds=0.3))
    assert (result.verdict, result.detail) == (Verdict.TIME_LIMIT, "cpu")
    assert [test.verdict for test in result.tests] == [Verdict.PASSED, Verdict.TIME_LIMIT]
    assert 0.25 < result.cpu_seconds < 0.6


def test_wall_limit(client):
    source = "import time\ndef add(a, b): time.sleep(30)"
    result = one(client, source, limits=Limits(wall_seconds=0.5))
    assert (result.verdict, result.detail) == (Verdict.TIME_LIMIT, "wall")
    assert 0.5 <= result.wall_seconds < 10


def test_memory_limit_leaves_the_tests_before_it(client):
    source = "def add(a, b): return a + b if a > 0 else len([0] * 10**9)"
    result = one(client, source)
    assert result.verdict is Verdict.MEMORY_LIMIT
    assert [test.verdict for test in result.tests] == [Verdict.PASSED, Verdict.MEMORY_LIMIT]


def test_output_limit(client):
    source = "def add(a, b):\n    while True: print('x' * 100)"
    result = one(client, source, limits=Limits(output_bytes=10_000, cpu_seconds=10))
    assert result.verdict is Verdict.OUTPUT_LIMIT
    assert result.stdout.startswith("xxx")


def test_large_output_below_the_limit(client):
    source = "import sys\ndef add(a, b):\n    sys.stdout.write('x' * 300_000)\n    return a + b"
    assert one(client, source).verdict is Verdict.PASSED


def test_security_violation(client):
    result = one(client, "import socket\ndef add(a, b): socket.socket()")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation
    assert result.tests[0].security_violation


def test_standard_streams_are_told(client):
    source = """
import sys
print('loaded')
def add(a, b):
    print('é', file=sys.stderr)
    return a + b
"""
    result = one(client, source)
    assert (result.stdout, result.stderr) == ("loaded\n", "é\né\n")


def test_values_of_every_kind_there_and_back(client):
    values: list[object] = [
        None, True, 0, -1, 2**63, -(2**200), 1.5, float("inf"), 1 - 2j, "", "é\ud800", "a\0b",
        b"\xff\0", [], [[1], (2,)], (), (1,), {1, 2}, frozenset({"a"}), {}, {"a": [1], (1, 2): {3}},
        {frozenset({1}): {}}, set(),
    ]  # fmt: skip
    tests = tuple(Test((value,), value) for value in values)
    result = one(client, "def same(x): return x", tests, "same")
    assert result.verdict is Verdict.PASSED, result


def test_arguments_are_fresh_for_each_test(client):
    held = [1, 2]
    tests = (Test((held,), 2), Test((held,), 2))
    assert one(client, "def f(x): return x.pop()", tests, "f").verdict is Verdict.PASSED


def test_float_tolerance(client):
    tests = (Test((), [0.3, {"a": 1.0}]),)
    source = "def f(): return [0.1 + 0.2, {'a': 1}]"
    assert one(client, source, tests, "f").verdict is Verdict.WRONG_ANSWER
    near = Compare(float_tolerance=1e-9)
    assert one(client, source, tests, "f", compare=near).verdict is Verdict.PASSED


def test_unordered(client):
    tests = (Test((), [[1], [2], [2]]),)
    unordered = Compare(unordered=True)
    for value, verdict in (
        ("[[2], [1], [2]]", Verdict.PASSED),
        ("[[2], [1], [1]]", Verdict.WRONG_ANSWER),
    ):
        source = f"def f(): return {value}"
        assert one(client, source, tests, "f", compare=unordered).verdict is verdict


def test_standard_input_and_output(client):
    source = "a, b = map(int, input().split())\nprint(a + b)"
    tests = (StdioTest("2 3\n", "5\n"), StdioTest("1 1\n", "3"), StdioTest("x\n", "1"))
    result = one(client, source, tests, None)
    verdicts = [test.verdict for test in result.tests]
    assert verdicts == [Verdict.PASSED, Verdict.WRONG_ANSWER, Verdict.RUNTIME_ERROR]
    assert result.verdict is Verdict.WRONG_ANSWER
    assert result.tests[1].actual == "2\n"


def test_large_standard_input(client):
    text = "7\n" * 300_000
    source = "import sys\nprint(sum(map(int, sys.stdin)))"
    result = one(client, source, (StdioTest(text, "2100000"),), None)
    assert result.verdict is Verdict.PASSED


def test_main_guard_runs_only_for_scripts(client):
    source = "def f(): return 1\nif __name__ == '__main__': print('main')"
    assert one(client, source, (Test((), 1),), "f").stdout == ""
    assert one(client, source, (StdioTest("", "main"),), None).verdict is Verdict.PASSED


def test_asserts_become_calls_and_the_rest_is_weak(client):
    code = "assert add(2, 3) == 5\nfor n in range(3):\n    assert add(n, n) == 2 * n"
    result = one(client, ADD, (), test_code=code)
    assert result.verdict is Verdict.PASSED
    assert [test.weak for test in result.tests] == [False, True]
    wrong = one(client, "def add(a, b): return a * b", (), test_code=code)
    assert [test.verdict for test in wrong.tests] == [Verdict.WRONG_ANSWER] * 2
    assert wrong.tests[0].actual == "6"


def test_large_source_and_arguments(client):
    source = ADD + "\n" + "# " + "x" * 300_000
    tests = (Test((list(range(50_000)), [1]), [*range(50_000), 1]),)
    result = one(client, source, tests, limits=Limits(output_bytes=2**22, cpu_seconds=20))
    assert result.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"language": "cobol"}, "cobol"),
        ({"limits": Limits(cpu_seconds=1e6)}, "cpu_seconds"),
        ({"tests": ()}, "no tests"),
        ({"tests": (), "test_code": "x ="}, "not Python"),
        ({"tests": (), "test_code": "x = 1"}, "asserts nothing"),
        ({"tests": (Test((), 1), StdioTest("", ""))}, "stdio"),
        ({"entry_point": None}, "entry_point"),
    ],
)
def test_program_that_can_not_be_run_is_refused(client, change, word):
    fields = {"source": ADD, "entry_point": "add", "tests": TESTS, **change}
    with pytest.raises(SandboxRejected, match=word):
        client.execute([Program("bad", **fields)])
    assert one(client, ADD).verdict is Verdict.PASSED


def test_value_that_can_not_be_sent_is_refused_by_the_client(client):
    with pytest.raises(ValueError, match="object"):
        one(client, ADD, (Test((object(), 1), 1),))
