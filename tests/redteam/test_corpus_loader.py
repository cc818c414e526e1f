"""The corpus's files are read strictly: what is misspelt would be a check that never fails."""

import pytest

from sandbox.types import Result, StdioTest, Test, TestResult, Verdict
from tests.redteam.corpus_loader import CorpusError, read

GOOD = "# Spins.\n# expect: TIME_LIMIT cpu | MEMORY_LIMIT\n# violation: no\nwhile True: pass\n"


def only(text: str, path: str = "time/x.py"):
    [hostile] = read(text, path)
    return hostile


def test_header_and_defaults():
    hostile = only(GOOD)
    assert hostile.name == "time/x"
    assert hostile.program.source == GOOD
    assert hostile.program.tests == (Test((2,), 4),)
    assert [(one.verdict, one.detail) for one in hostile.allowed] == [
        (Verdict.TIME_LIMIT, "cpu"),
        (Verdict.MEMORY_LIMIT, ""),
    ]


def test_variants():
    text = (
        "# A.\n# expect: PASSED\n# violation: any\n# each: {'a': '1',\n#     'b': '2'}\nx = $EACH"
    )
    assert [item.name for item in read(text, "g/x.py")] == ["g/x[a]", "g/x[b]"]
    assert [item.program.source[-5:] for item in read(text, "g/x.py")] == ["x = 1", "x = 2"]


def test_limits_tests_and_language():
    text = "// A.\n// expect: PASSED\n// violation: no\n// cpu: 3\n// stdio: [('a', 'b')]\n"
    program = only(text, "g/x.js").program
    assert (program.language, program.limits.cpu_seconds, program.entry_point) == (
        "javascript", 3.0, None,
    )  # fmt: skip
    assert program.tests == (StdioTest("a", "b"),)


def test_built_source():
    text = "# A.\n# expect: PASSED\n# violation: no\n# build: 'x' * 3\n"
    assert only(text).program.source == "xxx"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("# violation: no\n", ""), "violation: missing"),
        (("# expect", "# expected"), "expected: unknown"),
        (("TIME_LIMIT", "TIMELIMIT"), "TIMELIMIT"),
        (("violation: no", "violation: maybe"), "maybe"),
        (("# Spins.\n", ""), "what the program tries"),
        (("# violation", "# tests: [(\n# violation"), "tests: no literal"),
        (("# violation", "# each: ['a']\n# violation"), "nothing says"),
        (("# violation", "# stdio: []\n# code: 'x'\n# violation"), "stdio beside code"),
        (("# violation", "# cpu: 1\n# cpu: 2\n# violation"), "cpu: unknown, or there twice"),
        (("# violation", "# More words.\n# violation"), "words belong before"),
    ],
)
def test_header_that_is_wrong(change, word):
    with pytest.raises(CorpusError, match=word):
        list(read(GOOD.replace(*change), "time/x.py"))


def test_file_of_no_language():
    with pytest.raises(CorpusError, match="no language"):
        list(read(GOOD, "time/x.txt"))


@pytest.mark.parametrize(
    ("result", "fine"),
    [
        (Result("x", Verdict.TIME_LIMIT, detail="cpu"), True),
        (Result("x", Verdict.TIME_LIMIT, detail="wall"), False),
        (Result("x", Verdict.MEMORY_LIMIT), True),
        (Result("x", Verdict.MEMORY_LIMIT, security_violation=True), False),
        (Result("x", Verdict.PASSED, tests=(TestResult(Verdict.PASSED),)), False),
    ],
)
def test_complaint(result, fine):
    assert (only(GOOD).complaint(result) == "") is fine
