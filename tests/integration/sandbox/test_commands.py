"""`treewright sandbox …` against a running server, as a user types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.security import TOKEN_VARIABLE
from tests.integration.sandbox.test_security import SECRET, authority, named
from treewright.cli import main

LINE = {"id": "a", "source": "def f(x): return x", "entry_point": "f",
        "tests": [{"args": [1], "expected": 1}]}  # fmt: skip


def sandbox(*words: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["sandbox", *map(str, words)], input=stdin)


def test_exec_reads_standard_input(server):
    result = sandbox("exec", "-", "--target", server.target, stdin=json.dumps(LINE))
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["verdict"] == "PASSED"


def test_describe(server):
    result = sandbox("describe", "--target", server.target)
    assert result.exit_code == 0, result.output
    assert f"tier {server.tier}" in result.output
    assert "2 for python" in result.output
    languages = result.output.partition("languages\n")[2]
    for name in ("python", "javascript", "cpp", "rust", "java", "go"):
        assert f"  {name} " in languages
    assert "isolation by" in result.output


def test_resize():
    with LocalServer(SandboxConfig(slots=1)) as server:
        result = sandbox("resize", "--target", server.target, "3")
        assert result.output == "3 slots for python on 1 server\n"
        with SandboxClient(server.target) as client:
            assert client.describe().slots == 3
        result = sandbox("resize", "--target", server.target, "--language", "cobol", "3")
        assert result.exit_code == 2
        assert "'cobol' does not run here" in result.output
    assert sandbox("resize", "--target", server.target, "0").exit_code == 2


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server with TLS and a token, and the files that a client needs."""
    folder = tmp_path_factory.mktemp("guarded")
    files = authority(folder / "ca")
    (folder / "token").write_text(SECRET)
    config = SandboxConfig(
        slots=1, token=SECRET, tls_certificate=files.certificate, tls_key=files.key
    )
    with LocalServer(config) as server:
        yield named(server), files.ca, folder / "token"


def test_exec_with_tls_and_a_token_from_a_file(guarded, tmp_path):
    target, ca, token = guarded
    path = tmp_path / "programs.jsonl"
    path.write_text(json.dumps(LINE))
    how = ("--target", target, "--tls-ca", ca)
    result = sandbox("exec", path, *how, "--token-file", token)
    assert result.exit_code == 0, result.output
    refused = sandbox("exec", path, *how)
    assert refused.exit_code == 2
    assert "token" in refused.output
    assert SECRET not in refused.output


def test_describe_with_the_token_from_the_environment(guarded, monkeypatch):
    target, ca, _ = guarded
    monkeypatch.setenv(TOKEN_VARIABLE, SECRET)
    assert "1 for python" in sandbox("describe", "--target", target, "--tls-ca", ca).output


def test_a_token_on_the_command_line_is_refused():
    result = sandbox("serve", f"token={SECRET}")
    assert result.exit_code == 2
    assert TOKEN_VARIABLE in result.output
    assert SECRET not in result.output
