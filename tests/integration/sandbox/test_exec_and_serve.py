"""The two commands: programs from a file, and a server in the foreground."""

import io
import json
import os
import signal
import subprocess
import sys

import pytest

from sandbox.backend import import_path
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import ExecFileError
from sandbox.execfile import run
from sandbox.types import Program, Test, Verdict


def record(number: int, source: str = "def f(x): return x") -> dict[str, object]:
    tests = [{"args": [number], "expected": number}]
    return {"id": str(number), "language": "python", "source": source, "entry_point": "f",
            "tests": tests}  # fmt: skip


def test_results_in_order(tmp_path, server):
    path = tmp_path / "programs.jsonl"
    records = [record(n) for n in range(150)]
    records[7] = record(7, "def f(x): return -x")
    path.write_text("\n".join(map(json.dumps, records)))
    output = io.StringIO()
    run(path, output, SandboxConfig(target=server.target))
    results = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [result["id"] for result in results] == [str(n) for n in range(150)]
    assert [n for n, result in enumerate(results) if result["verdict"] != "PASSED"] == [7]
    assert results[7]["tests"][0]["actual"] == "-7"


def test_own_server(tmp_path):
    path = tmp_path / "programs.jsonl"
    tests = [{"args": [], "expected": {"$py": "(1, {2})"}}]
    path.write_text(json.dumps({**record(1, "def f(): return (1, {2})"), "tests": tests}))
    output = io.StringIO()
    run(path, output, SandboxConfig(slots=1))
    assert json.loads(output.getvalue())["verdict"] == "PASSED"


def test_a_wrong_line_starts_nothing(tmp_path):
    path = tmp_path / "programs.jsonl"
    path.write_text(json.dumps(record(1)) + "\n{")
    output = io.StringIO()
    with pytest.raises(ExecFileError, match="line 2"):
        run(path, output, SandboxConfig(target="127.0.0.1:1"))
    assert output.getvalue() == ""


def test_a_refused_language_refuses_only_its_line(tmp_path, server):
    path = tmp_path / "programs.jsonl"
    path.write_text(
        "\n".join(json.dumps({**record(1), "language": n}) for n in ("cobol", "python"))
    )
    output = io.StringIO()
    run(path, output, SandboxConfig(target=server.target))
    refused, ran = (json.loads(line) for line in output.getvalue().splitlines())
    assert refused["verdict"] == "REFUSED"
    assert refused["refusal"]["code"] == "UNIMPLEMENTED"
    assert "cobol" in refused["refusal"]["message"]
    assert (ran["verdict"], ran["refusal"]) == ("PASSED", None)


def test_serve_in_the_foreground():
    code = (
        "from sandbox.options import from_pairs\n"
        "from sandbox.server import serve\n"
        "serve(from_pairs(['port=0', 'slots=1']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": import_path()}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        target = said.split(" on ")[1].split(",")[0]
        with SandboxClient(target) as client:
            program = Program("p", "def f(): return 1", "f", (Test((), 1),))
            assert client.execute([program])[0].verdict is Verdict.PASSED
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
