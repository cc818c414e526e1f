import json
from typing import Any

import pytest

from sandbox.errors import ExecFileError
from sandbox.execfile import load, result_to_json
from sandbox.types import Compare, Limits, Program, Result, StdioTest, Test, TestResult, Verdict

GOOD: dict[str, Any] = {
    "id": "a",
    "source": "def f(x): return x",
    "entry_point": "f",
    "tests": [{"args": [1], "expected": 1}],
}


def lines(path, *records):
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records))
    return path


def test_programs_of_every_kind(tmp_path):
    path = lines(
        tmp_path / "p.jsonl",
        GOOD,
        "",
        {**GOOD,
         "tests": [{"args": [{"$py": "(1, {2})"}, [{"$py": "b'x'"}]], "expected": {"a": 1}}]},
        {"id": "b", "language": "rust", "source": "", "tests": [{"stdin": "1", "stdout": "2"}]},
        {"id": "c", "source": "", "entry_point": "f", "test_code": "assert f()",
         "limits": {"cpu_seconds": 1}, "compare": {"float_tolerance": 0.5}},
    )  # fmt: skip
    programs = load(path)
    assert programs[0] == Program("a", GOOD["source"], "f", (Test((1,), 1),))
    assert programs[1].tests == (Test(((1, {2}), [b"x"]), {"a": 1}),)
    assert programs[2].tests == (StdioTest("1", "2"),)
    assert programs[2].language == "rust"
    assert programs[3].limits == Limits(cpu_seconds=1)
    assert programs[3].compare == Compare(0.5)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("{", "line 2"),
        ("[]", "expected an object"),
        ({**GOOD, "id": 1}, "id: expected a string"),
        ({key: GOOD[key] for key in ("id", "entry_point", "tests")}, "source: missing"),
        ({**GOOD, "test": []}, "unknown key 'test'"),
        ({**GOOD, "tests": {}}, "tests: expected a list"),
        ({**GOOD, "tests": []}, "no test_code"),
        ({**GOOD, "tests": [{"args": 1, "expected": 1}]}, r"tests\[0\]"),
        ({**GOOD, "tests": [{"args": []}]}, r"tests\[0\]"),
        ({**GOOD, "tests": [{"args": [{"$py": "f()"}], "expected": 1}]}, r"tests\[0\].args\[0\]"),
        ({**GOOD, "tests": [{"args": [{"$py": 1}], "expected": 1}]}, r"tests\[0\].args\[0\]"),
        ({**GOOD, "tests": [{"args": [], "expected": {"$py": "range(3)"}}]}, "expected"),
        ({**GOOD, "tests": [{"stdin": "a"}]}, "stdout: missing"),
        ({**GOOD, "limits": {"cpu": 1}}, "unknown key 'cpu'"),
        ({**GOOD, "limits": {"cpu_seconds": "1"}}, "limits.cpu_seconds"),
        ({**GOOD, "source": "\ud800"}, "surrogates"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, record, reason):
    path = lines(tmp_path / "p.jsonl", GOOD, record)
    with pytest.raises(ExecFileError, match=reason) as refused:
        load(path)
    assert f"{path}, line 2: " in str(refused.value)


def test_files_that_hold_nothing(tmp_path):
    with pytest.raises(ExecFileError, match="no program"):
        load(lines(tmp_path / "empty.jsonl", ""))
    with pytest.raises(ExecFileError, match=r"missing\.jsonl"):
        load(tmp_path / "missing.jsonl")


def test_result_line():
    result = Result("a", Verdict.PASSED, tests=(TestResult(Verdict.PASSED),), stdout="x")
    record = json.loads(json.dumps(result_to_json(result)))
    assert list(record) == [
        "id", "verdict", "security_violation", "tests", "detail", "cpu_seconds", "wall_seconds",
        "peak_rss_bytes", "stdout", "stderr", "compile_seconds", "refusal",
    ]  # fmt: skip
    assert record["tests"][0]["verdict"] == "PASSED"
