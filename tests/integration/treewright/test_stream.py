"""`treewright synth --tasks`: a real policy, a real sandbox, the command as a program uses it."""

import ast
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from evaluation.config import EvaluationConfig
from policy import export
from policy.grammar import Root, codec
from policy.model import Policy
from policy.spec import encode
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxUnavailable
from sandbox.local import Access, LocalServer, Reached
from tasks.synth import from_text
from treewright.config import load, to_plain
from treewright.lines import Line
from treewright.solver import Solver
from treewright.stream import replies

from .conftest import SMOKE

SIGNATURE = "pick(a: int, b: int) -> int"
FIRST = {"id": "first", "signature": SIGNATURE, "examples": ["(1, 2) -> 1", "(4, 3) -> 4"]}
SECOND = {"signature": SIGNATURE, "examples": ["(1, 2) -> 2"], "description": "The second."}
HARD = {"id": "hard", "signature": SIGNATURE, "examples": ["(1, 2) -> 12345", "(1, 3) -> 1"]}
CONFIG = load(SMOKE, ("model.refine=true",))
FOUND = ("source", "examples_passed", "examples", "drawn", "ran", "agree")


def full(**changes: object) -> dict[str, Any]:
    """The first of two numbers, in the file format."""
    task = from_text(SIGNATURE, FIRST["examples"]).to_json()
    return task | {"id": "full"} | changes


def leaning() -> Policy:
    """A policy that leans towards `return b`, and less so towards `return a`."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    policy = Policy(CONFIG.model).eval()
    names = encode(from_text(SIGNATURE, FIRST["examples"]), policy.config.spec).names
    for source, lean in (("return a", 7.3), ("return b", 8.0)):
        tree = ast.parse(f"def pick(a, b):\n    {source}\n")
        policy.output_bias.data[codec.encode(tree, names, Root.BODY)] = lean
    return policy


def solver(policy: Policy, client: SandboxClient, **settings: object) -> Solver:
    values = {"max_actions": 24, "temperature": 1.0, "ks": (1,), "samples": 24, **settings}
    box = Reached(Access(client.target), client)
    return Solver(policy, box, EvaluationConfig.model_validate(values), seed=0, seconds={})


@pytest.fixture(scope="module")
def policy() -> Policy:
    return leaning()


@pytest.fixture(scope="module")
def client() -> Iterator[SandboxClient]:
    with LocalServer(SandboxConfig(slots=1)) as server, SandboxClient(server.target) as client:
        yield client


def asked(which: Solver, *lines: object) -> list[dict[str, Any]]:
    """Ask for some lines together."""
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    numbered = [Line(number, text) for number, text in enumerate(texts, 1)]
    return list(replies(which, numbered, None, timed=False))


def found(reply: dict[str, Any]) -> dict[str, Any]:
    """What was found, whatever the line's number and company."""
    return {key: reply[key] for key in FOUND}


SEARCH = {"search": "best_of", "search_nodes": 24}


@pytest.mark.parametrize("settings", [{}, SEARCH], ids=["none", "best_of"])
def test_what_is_found_does_not_depend_on_the_other_lines(policy, client, settings):
    which = solver(policy, client, **settings)
    lines = (FIRST, HARD, SECOND)
    together = asked(which, *lines)
    assert [reply["together"] for reply in together] == [3, 3, 3]
    assert list(map(found, together)) == [found(asked(which, line)[0]) for line in lines]
    assert [reply["id"] for reply in together] == ["first", "hard", None]
    assert "return a" in together[0]["source"]
    assert "return b" in together[2]["source"]
    assert together[1]["source"] is None
    assert (together[1]["examples_passed"], together[1]["examples"]) == (1, 2)
    assert [reply["drawn"] for reply in together] == [24, 24, 24]
    assert all(reply["error"] is None for reply in together)


@pytest.mark.parametrize("settings", [{}, SEARCH], ids=["none", "best_of"])
def test_hidden_tests_do_not_influence_the_choice(policy, client, settings):
    which = solver(policy, client, **settings)
    wrong = [{"args": [5, 7], "expected": 99}]
    hidden = (full(tests=wrong), full(tests=[], test_code="assert pick(1, 2) == 7"))
    answers = [found(asked(which, line)[0]) for line in (full(), *hidden, FIRST)]
    assert answers[0]["source"] is not None
    assert answers == [answers[0]] * 4


def test_a_line_that_cannot_be_looked_at_spoils_no_other(policy, client):
    params = ", ".join(f"p{at}: int" for at in range(40))
    wide = {"signature": f"f({params}) -> int", "examples": [f"{tuple(range(40))} -> 1"]}
    small = full(constraints={"max_nodes": 1})
    unsent = {"signature": "f(n: Any) -> int", "examples": ["... -> 1"]}
    good, *others = asked(solver(policy, client), FIRST, wide, small, unsent, b"{")
    assert good["source"] is not None
    assert [reply["source"] for reply in others] == [None] * 4
    reasons = ("40 parameters", "constraints.max_nodes: ", "type ellipsis can't", "not JSON")
    for number, (reply, reason) in enumerate(zip(others, reasons, strict=True), 2):
        assert reply["error"].startswith(f"line {number}: ")
        assert reason in reply["error"]
        assert reply["drawn"] == reply["agree"] == reply["examples"] == 0


def test_edits_and_timings_stand_in_the_line(policy, client):
    which = solver(policy, client, search="mcts", max_edits=4, search_nodes=48)
    line = Line(1, json.dumps(FIRST).encode())
    for form, begins in (("diff", "--- before"), ("blocks", "<<<<<<<")):
        [reply] = replies(which, [line], form, timed=True)  # type: ignore[arg-type]
        assert reply["source"] is not None
        assert reply["edits"][0]["pointer"] == ""
        assert reply["edits"][0][form].startswith(begins)
        assert reply["edits"][-1]["examples_passed"] == reply["examples"] == 2
        assert set(reply["timings"]) == {"encode and sample", "run"}
    [reply] = replies(which, [Line(2, b"bad")], "diff", timed=True)
    assert (reply["edits"], reply["timings"]) == ([], {})


def test_lines_under_way_are_answered_where_the_sandbox_goes_away(policy):
    with (
        LocalServer(SandboxConfig(slots=1)) as server,
        SandboxClient(server.target, timeout_seconds=2.0) as client,
    ):
        which = solver(policy, client, samples=8)
        assert asked(which, SECOND)[0]["error"] is None
        server.process.kill()
        server.process.wait()
        lines = [Line(2, json.dumps(FIRST).encode()), Line(3, b"bad")]
        said: list[str] = []
        with pytest.raises(SandboxUnavailable, match=server.target):
            said.extend(reply["error"] for reply in replies(which, lines, None, timed=False))
    assert said[0].startswith(f"line 2: the sandbox at {server.target} does not answer")
    assert said[1].startswith("line 3: not JSON")


@pytest.fixture(scope="module")
def exported(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "leaning"
    export.write(folder, policy, to_plain(CONFIG), "int8")
    return folder


LINES = ["", json.dumps(FIRST), "bad", json.dumps(full()), json.dumps(SECOND)]


def test_a_file_and_one_line_after_the_other_get_the_same_answers(cli, exported, wait_for):
    (cli.folder / "tasks.jsonl").write_text("\n".join(LINES))
    options = ("--checkpoint", exported, "--samples", "24", "--temperature", "1", "--timings")
    status, output = cli.run("synth", *options, "--tasks", "tasks.jsonl")
    assert status == 1, output
    started, *rest = output.splitlines()
    assert started.startswith("# import ")
    answers = [json.loads(line) for line in rest]
    assert [answer["line"] for answer in answers] == [2, 3, 4, 5]
    assert [answer["source"] is not None for answer in answers] == [True, False, True, True]
    assert answers[1]["error"].startswith("line 3: not JSON")

    process = cli.start("synth", *options, "--tasks", "-", piped=True)
    for line, answer in zip(LINES[1:], answers, strict=True):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        alone = json.loads(process.stdout.readline())
        assert found(alone) == found(answer)
        assert alone["together"] == (0 if alone["error"] else 1)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    assert len(errors.splitlines()) == 1, errors
    wait_for(lambda: not any(child.is_running() for child in children), 20)


def test_a_sandbox_of_its_own_that_is_killed_ends_the_waiting(cli, exported):
    process = cli.start("synth", "--checkpoint", exported, "--tasks", "-", piped=True)
    process.stdin.write("bad\n")  # answered, so all is up
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["source"] is None
    [server] = [
        child
        for child in psutil.Process(process.pid).children()
        if "sandbox.server" in child.cmdline()
    ]
    server.kill()
    assert process.wait(30) == 2  # though its standard input is still open
    said = process.stderr.read()
    assert said == "Error: the sandbox that was started here was killed by SIGKILL\n"


def test_all_lines_answered_is_success_and_a_reader_that_goes_away_ends_it(cli, exported, wait_for):
    options = ("--checkpoint", exported, "--samples", "24", "--temperature", "1", "--tasks", "-")
    process = cli.start("synth", *options, piped=True)
    output, errors = process.communicate(json.dumps(FIRST) + "\n" + json.dumps(SECOND), timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert [json.loads(line)["error"] for line in output.splitlines()] == [None, None]

    process = cli.start("synth", *options, piped=True)
    process.stdin.write(json.dumps(FIRST) + "\n")
    process.stdin.flush()
    assert process.stdout.readline()
    children = psutil.Process(process.pid).children(recursive=True)
    process.stdout.close()
    process.stdin.write(json.dumps(FIRST) + "\n")
    process.stdin.flush()
    assert process.wait(60) == 1
    assert process.stderr.read() == ""
    wait_for(lambda: not any(child.is_running() for child in children), 20)
