"""The whole loop, as the command line runs it: real Redis, sandbox, actors, learner."""

import json
import os
import re
import signal
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import torch
from prometheus_client.parser import text_string_to_metric_families

from deploy.grafana.panels import ROWS
from evaluation.run_folder import read_run
from learner import checkpoint
from policy.grammar import GRAMMAR
from policy.precision import resolve
from policy.text import VOCABULARY

from .conftest import SMOKE

LONG = ("run.max_seconds=300", "run.checkpoint_every_seconds=2")


def _children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    children: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    return children


def _actor(process: subprocess.Popen[str]) -> psutil.Process | None:
    """The process of an actor of the local runtime."""
    for child in _children(process):
        with suppress(psutil.Error):  # it has just ended
            if "spawn_main" in " ".join(child.cmdline()):
                return child
    return None


def _running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if process.is_running()]


def _steps(folder: Path) -> int:
    if not (folder / "metrics.jsonl").is_file():
        return 0
    return max((record.step for record in read_run(folder).train), default=0)


@pytest.mark.parametrize(
    "overrides",
    [
        (
            "runtime=local",
            "learner.num_learners=0",
            "learner.precision=bfloat16",
            "actors.precision=bfloat16",
            "evaluation.precision=float32",
        ),
        ("runtime=ray", "learner.num_learners=0"),
        ("runtime=ray", "learner.num_learners=1"),
        ("runtime=ray", "learner.num_learners=2"),
    ],
    ids=lambda overrides: "-".join(overrides[:2]),
)
def test_a_run_ends_with_a_whole_folder(cli, overrides):
    # On rollouts alone a step waits for them, however long the actors take to start.
    rollouts = ("learner.supervised_rows=0", "run.max_steps=5", "run.max_seconds=200")
    status, output = cli.run("train", "--config", SMOKE, *overrides, *rollouts)
    assert status == 0, output
    run = read_run(cli.folder / "runs" / "smoke")
    assert run.info is not None
    given = dict(one.split(".precision=") for one in overrides if ".precision=" in one)
    auto = dict.fromkeys(("learner", "actors", "evaluation"), resolve("auto", torch.device("cpu")))
    assert run.info.precision == auto | given
    assert {one.result.precision for one in run.evals} == {run.info.precision["evaluation"]}
    assert run.train[-1].step == 5
    assert run.train[-1].policy_version > 1
    assert sum(sum(record.verdicts.values()) for record in run.train) > 0
    assert {(record.split, record.phase) for record in run.evals} == {
        (split, phase) for split in ("heldout", "heldout_families") for phase in ("before", "after")
    }
    assert run.samples
    assert "<svg" in (run.folder / "report.html").read_text()
    assert list((run.folder / "tensorboard").glob("events.*"))
    saved = checkpoint.load(
        run.folder / "checkpoints", grammar_version=GRAMMAR.version, text_version=VOCABULARY.version
    )
    assert saved.learner.steps == run.train[-1].step


REFINE = (
    "model.refine=true", "model.hrm.act=off", "actors.max_edits=3", "learner.repair_rows=4",
)  # fmt: skip


@pytest.mark.parametrize(
    "backend",
    [
        ("runtime=local", "model.hrm.q_position=draft"),
        ("runtime=ray", "learner.num_learners=2"),
    ],
    ids=lambda overrides: "-".join(overrides),
)
def test_a_run_that_refines_learns_from_every_edit_and_goes_on(cli, backend):
    rollouts = ("learner.supervised_rows=0", "run.max_steps=5", "run.max_seconds=200")
    status, output = cli.run("train", "--config", SMOKE, *REFINE, *backend, *rollouts)
    assert status == 0, output
    folder = cli.folder / "runs" / "smoke"
    run = read_run(folder)
    edits: Counter[str] = Counter()
    for record in run.train:
        edits.update(record.edits)
    assert edits["1"] >= edits["2"] >= edits["3"] > 0
    losses = [record.loss for record in run.train if record.loss]
    assert all({"repair", "pointer"} <= loss.keys() for loss in losses)
    assert any(loss["pointer"] for loss in losses), "a failing program has been repaired"
    assert any(loss["q_halt"] for loss in losses), "programs have been judged"
    saved = checkpoint.load(
        folder / "checkpoints", grammar_version=GRAMMAR.version, text_version=VOCABULARY.version
    )
    assert saved.loop["supply"]["repairs"]["failures"]

    if "runtime=local" in backend:  # Ray takes its time to start twice
        status, output = cli.run("train", "--resume", folder, "run.max_steps=7")
        assert status == 0, output
        assert read_run(folder).train[-1].step == 7


def test_ctrl_c_ends_with_a_checkpoint_and_resume_goes_on(cli, wait_for):
    folder = cli.folder / "runs" / "smoke"
    first = cli.start("train", "--config", SMOKE, *LONG)
    wait_for(lambda: _steps(folder) >= 5, 120)
    children = _children(first)
    first.send_signal(signal.SIGINT)
    output, _ = first.communicate(timeout=60)
    assert first.returncode == 130, output
    wait_for(lambda: not _running(children), 20)
    assert (folder / "report.html").is_file()
    saved = checkpoint.load(
        folder / "checkpoints", grammar_version=GRAMMAR.version, text_version=VOCABULARY.version
    )
    before = read_run(folder)
    assert saved.learner.steps == before.train[-1].step

    more = saved.learner.steps + 10
    status, output = cli.run("train", "--resume", folder, f"run.max_steps={more}")
    assert status == 0, output
    after = read_run(folder)
    assert after.train[: len(before.train)] == before.train
    assert after.train[-1].step == more
    versions = [record.policy_version for record in after.train]
    assert versions == sorted(versions)
    assert versions[-1] > versions[len(before.train) - 1]
    assert after.train[-1].seconds > before.train[-1].seconds
    assert [record.phase for record in after.evals].count("before") == 2


def test_a_second_ctrl_c_ends_at_once_and_leaves_no_process(cli, wait_for):
    folder = cli.folder / "runs" / "smoke"
    process = cli.start("train", "--config", SMOKE, *LONG)
    wait_for(lambda: _steps(folder) >= 2, 120)
    children = _children(process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode in (130, 0)
    wait_for(lambda: not _running(children), 20)


def test_a_killed_actor_is_replaced_and_the_run_ends_well(cli, wait_for):
    folder = cli.folder / "runs" / "smoke"
    process = cli.start("train", "--config", SMOKE, *LONG, "run.max_seconds=20")
    wait_for(lambda: _steps(folder) >= 2, 120)
    actor = wait_for(lambda: _actor(process))
    os.kill(actor.pid, signal.SIGKILL)
    replacement = wait_for(
        lambda: (found := _actor(process)) and found.pid != actor.pid and found, 30
    )
    assert replacement.pid != actor.pid
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "starting it again" in output


def test_a_live_run_exposes_what_the_dashboard_asks_of_it(cli, wait_for):
    process = cli.start("train", "--config", SMOKE, *LONG)
    assert process.stdout is not None
    url = next(
        found[0] for line in process.stdout if (found := re.findall(r"http://\S+/metrics", line))
    )
    wait_for(lambda: _steps(cli.folder / "runs" / "smoke") >= 5, 120)
    asked = {
        name
        for row in ROWS
        for panel in row.panels
        for query in panel.queries
        for name in re.findall(r"treewright_\w+", query.expression)
        if not name.startswith("treewright_sandbox_")  # has an endpoint of its own
    }
    assert {name.split("_")[1] for name in asked} == {"actor", "learner", "replay"}

    def missing() -> set[str]:
        with urllib.request.urlopen(url, timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return asked - {sample.name for family in families for sample in family.samples}

    # A series appears with its first event: some need a batch of rollouts and an evaluation.
    wait_for(lambda: not missing(), 60)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_weights_and_biases_keeps_the_run_offline(cli):
    status, output = cli.run(
        "train", "--config", SMOKE, "logger=wandb", "run.max_steps=3", WANDB_MODE="offline"
    )
    assert status == 0, output
    assert list((cli.folder / "runs" / "smoke" / "wandb").glob("offline-run-*/*.wandb"))


def test_eval_inspect_and_synth_use_the_checkpoint(cli):
    status, output = cli.run("train", "--config", SMOKE, "run.max_steps=3")
    assert status == 0, output
    folder = "runs/smoke"

    status, output = cli.run("inspect", folder)
    assert status == 0
    assert "learner steps" in output

    arguments = ("--checkpoint", folder, "--tasks", "arithmetic", "--k", "1,2", "--limit", "3")
    status, output = cli.run("eval", *arguments, "--json")
    assert status == 0, output
    result = json.loads(output.splitlines()[-1])
    assert set(result["pass_at"]) == {"1", "2"}
    assert [task["samples"] for task in result["tasks"]] == [2, 2, 2]
    assert result["precision"] == resolve("auto", torch.device("cpu"))

    example = ("--signature", "f(n: int) -> int", "--example", "4 -> 10", "--samples", "4")
    status, output = cli.run(
        "export", "--checkpoint", folder, "--out", "few-bits", "--weights", "int4"
    )
    assert status == 0, output
    few_bits = ("--checkpoint", "few-bits", "--threads", "2", "--timings")
    status, output = cli.run("synth", *few_bits, *example)
    assert status in (0, 1), output
    assert re.search(r"; sampled in (float16 weights|float32|bfloat16)", output)


def test_eval_and_synth_search_with_a_policy_that_edits(cli):
    status, output = cli.run(
        "train", "--config", SMOKE, "run.max_steps=2", "actors.num_actors=0", "model.refine=true"
    )
    assert status == 0, output
    checkpoint = ("--checkpoint", "runs/smoke")

    search = ("search=mcts", "max_edits=3", "search_nodes=6", "search_seconds=60")
    arguments = ("--tasks", "arithmetic", "--k", "1,2", "--limit", "2", "--json")
    status, output = cli.run("eval", *checkpoint, *arguments, *search)
    assert status == 0, output
    result = json.loads(output.splitlines()[-1])
    assert (result["search"], result["max_edits"], result["search_nodes"]) == ("mcts", 3, 6)
    assert set(result["pass_at"]) == {"1", "2"}
    assert all(task["samples"] <= 6 for task in result["tasks"])

    example = ("--signature", "f(n: int) -> int", "--example", "4 -> 10", "--timings")
    beam = ("search=beam", "max_edits=3", "search_nodes=6")
    status, output = cli.run("synth", *checkpoint, *example, *beam, "--show-edits", "diff")
    assert status in (0, 1), output
    assert "# the whole program written, passes " in output
    assert "+++ after\n@@ -0,0 +1" in output
    assert re.search(r"6 drawn, \d run, \d", output)
    assert re.search(
        r"# import .* s, load .* s, start the sandbox .* s, encode and sample .* s, run .* s",
        output,
    )
