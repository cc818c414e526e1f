"""What the languages beside Python share: verdicts, the store, tiers, what is left behind."""

import os
import time
from collections.abc import Iterator

import psutil
import pytest

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Code, Limits, Program, StdioTest, Test, Verdict

LIMITS = Limits(cpu_seconds=10.0, wall_seconds=100.0)
TWICE = {
    "javascript": "const f = (x) => 2 * x;",
    "go": "package main\nfunc f(x int) int { return 2 * x }",
}
BROKEN = {
    "javascript": "const f = (x) => 2 * ;",
    "go": "package main\nfunc f(x int) int { return y }",
}
SUM = {
    "javascript": "const text = require('fs').readFileSync(0, 'utf8');\n"
    "console.log(text.split(' ').map(Number).reduce((a, b) => a + b, 0));",
    "go": 'package main\nimport "fmt"\nfunc main() {\n\tvar a, b int\n\tfmt.Scan(&a, &b)\n'
    "\tfmt.Println(a + b)\n}",
}


@pytest.fixture(scope="module", params=["T1", "T2"])
def client(request: pytest.FixtureRequest) -> Iterator[SandboxClient]:
    if request.param == "T1" and os.geteuid() != 0:
        pytest.skip("T1 needs root")
    config = SandboxConfig(tier=request.param, slots=1, language_slots=1)
    with LocalServer(config) as server, SandboxClient(server.target) as made:
        yield made


@pytest.fixture(params=list(TWICE))
def language(request: pytest.FixtureRequest, client: SandboxClient) -> str:
    here = {item.name: item for item in client.describe().languages}[request.param]
    if not here.available:
        pytest.skip(f"{here.name}: {here.hint}")
    return here.name


TESTS = (Test((2,), 4),)


def one(client, language, source, tests=TESTS):
    program = Program("p", source, "f", tests, language=language, limits=LIMITS)
    return client.execute([program], keep_refused=True)[0]


def test_passed_and_wrong(client, language):
    result = one(client, language, TWICE[language], (Test((2,), 4), Test((3,), 7)))
    assert [test.verdict for test in result.tests] == [Verdict.PASSED, Verdict.WRONG_ANSWER]
    assert (result.verdict, result.tests[1].actual) == (Verdict.WRONG_ANSWER, "6")
    assert 0 < result.cpu_seconds < 5


def test_a_program_is_compiled_once(client, language):
    source = TWICE[language] + f"\n// {time.time_ns()}"
    first, again = (one(client, language, source) for _ in range(2))
    assert (first.verdict, again.verdict) == (Verdict.PASSED, Verdict.PASSED)
    assert (first.compile_seconds > 0) is (language == "go")
    assert again.compile_seconds == 0


def test_compile_error_names_the_line(client, language):
    result = one(client, language, BROKEN[language])
    assert result.verdict is Verdict.COMPILE_ERROR
    assert ("program.go:2" if language == "go" else "line 1") in result.detail
    assert "/work" not in result.detail


def test_stdio(client, language):
    tests = (StdioTest("1 2", "3\n"), StdioTest("4 5", "10"))
    result = client.execute(
        [Program("p", SUM[language], tests=tests, language=language, limits=LIMITS)]
    )[0]
    assert [test.verdict for test in result.tests] == [Verdict.PASSED, Verdict.WRONG_ANSWER]


def test_types_that_do_not_agree_refuse_one_program(client, language):
    refused = one(client, language, TWICE[language], (Test((2,), 4), Test(("a",), 4)))
    assert refused.verdict is Verdict.REFUSED
    assert refused.refusal.code == Code.INVALID_ARGUMENT
    assert "argument 0: int in one place and str in another" in refused.refusal.message


def test_nothing_of_a_program_lives_on(client, language):
    source = {
        "javascript": "function f(x) { new (require('worker_threads').Worker)("
        "'setInterval(() => {}, 1000)', { eval: true }); return 2 * x; }",
        "go": 'package main\nimport "time"\nfunc f(x int) int {\n'
        "\tgo time.Sleep(time.Hour)\n\treturn 2 * x\n}",
    }[language]
    assert one(client, language, source).verdict is Verdict.PASSED
    names = [process.name() for process in psutil.Process().children(recursive=True)]
    assert not {"node", "program"} & set(names), names
