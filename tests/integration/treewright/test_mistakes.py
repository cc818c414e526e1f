"""Mistakes: each is one clear line that names the thing, exit status 2, nothing half-written."""

import json
import shutil
from pathlib import Path

import pytest

from learner import checkpoint
from policy.grammar import GRAMMAR

from .conftest import SMOKE, CommandLine


def _refused(cli: CommandLine, *arguments: str | Path, **environment: str) -> str:
    status, output = cli.run(*arguments, **environment)
    assert status == 2, output
    lines = output.strip().splitlines()
    assert len(lines) == 1, output
    return lines[0]


def _train(cli: CommandLine, *overrides: str, **environment: str) -> str:
    line = _refused(cli, "train", "--config", SMOKE, *overrides, **environment)
    assert not (cli.folder / "runs").exists()
    return line


def test_an_unknown_key(cli):
    assert "did you mean 'learner.num_learners'" in _train(cli, "learner.num_learner=2")


def test_a_wrong_type(cli):
    assert "seed" in _train(cli, "seed=many")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "tasks.jsonl"),
        ("", "holds no task"),
        ('{"id": "a"}\n', "tasks.jsonl:1"),
        ("not json\n", "tasks.jsonl:1"),
    ],
)
def test_a_bad_task_file(cli, text, said):
    if text is not None:
        (cli.folder / "tasks.jsonl").write_text(text)
    assert said in _train(cli, "tasks.sources=[tasks.jsonl]")


def test_a_redis_that_does_not_answer(cli):
    line = _train(
        cli, "replay.url=redis://:hunter2@127.0.0.1:9/0", "replay.connect_timeout_seconds=1"
    )
    assert "127.0.0.1:9" in line
    assert "hunter2" not in line


def test_a_sandbox_that_does_not_answer(cli):
    assert "127.0.0.1:9" in _train(cli, "sandbox.target=127.0.0.1:9")


def test_a_gpu_where_there_is_none(cli):
    said = "evaluation.device: cuda was asked for, but torch sees no GPU: use cpu or auto"
    assert said in _train(cli, "evaluation.device=cuda")


def test_compiled_decoding_without_a_compiler(cli):
    line = _train(cli, "actors.decoding=compiled", CXX="/nothing/g++")
    assert "decoding=compiled needs a C++ compiler" in line


def test_a_missing_checkpoint(cli):
    line = _refused(cli, "eval", "--checkpoint", "nothing", "--tasks", "arithmetic")
    assert "nothing" in line


def test_a_run_folder_that_is_none(cli):
    assert "config.yaml" in _refused(cli, "train", "--resume", cli.folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cli = CommandLine(tmp_path_factory.mktemp("trained"))
    try:
        status, output = cli.run(
            "train", "--config", SMOKE, "run.max_steps=2", "actors.num_actors=0"
        )
    finally:
        cli.close()
    assert status == 0, output
    return cli.folder / "runs" / "smoke"


def _damaged(trained: Path, cli: CommandLine) -> tuple[Path, Path]:
    copy = cli.folder / "copy"
    shutil.copytree(trained, copy)
    folder = checkpoint.resolve(copy / "checkpoints")
    return copy, folder


def test_a_torn_checkpoint(cli, trained):
    copy, folder = _damaged(trained, cli)
    tensors = folder / checkpoint.TENSORS
    tensors.write_bytes(tensors.read_bytes()[:-100])
    for command in (("inspect", folder), ("train", "--resume", copy)):
        assert checkpoint.TENSORS in _refused(cli, *command)


def test_a_checkpoint_of_another_grammar(cli, trained):
    copy, folder = _damaged(trained, cli)
    state = json.loads((folder / checkpoint.STATE).read_text())
    assert state["grammar_version"] == GRAMMAR.version
    (folder / checkpoint.STATE).write_text(json.dumps(state | {"grammar_version": "0"}))
    line = _refused(cli, "eval", "--checkpoint", copy, "--tasks", "arithmetic")
    assert "grammar 0" in line


def test_a_checkpoint_of_an_older_format(cli, trained):
    copy, folder = _damaged(trained, cli)
    state = json.loads((folder / checkpoint.STATE).read_text())
    (folder / checkpoint.STATE).write_text(json.dumps(state | {"format": 1}))
    for command in (("inspect", folder), ("train", "--resume", copy)):
        assert "format 1" in _refused(cli, *command)


def test_a_task_of_more_parameters_than_the_grammar_has_names_for(cli, trained):
    params = [{"name": f"p{at}", "type": "int"} for at in range(40)]
    task = {
        "id": "wide",
        "entry_point": "f",
        "description": "Adds.",
        "signature": {"params": params, "returns": "int"},
        "examples": [{"args": [0] * 40, "expected": 0}],
        "tests": [{"args": [1] * 40, "expected": 40}],
    }
    (cli.folder / "wide.jsonl").write_text(json.dumps(task) + "\n")
    line = _refused(cli, "eval", "--checkpoint", trained, "--tasks", "wide.jsonl")
    assert "wide" in line
    assert "parameters" in line


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("search=beam", "max_edits=3"), "trained with model.refine=true"),
        (("search=mcts",), "max_edits >= 2"),
        (("search=bam",), "'none', 'best_of', 'beam' or 'mcts'"),
        (("searchnodes=3",), "did you mean 'evaluation.search_nodes'"),
        (("search=best_of", "--samples", "4"), "give search_nodes=4"),
        (("max_edits=2",), "needs evaluation.search"),
        (("profile=cobol",), "evaluation.profile"),
        (("search=best_of", "--show-edits", "diff"), "max_edits above 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_search_that_cannot_be(cli, trained, overrides, said):
    example = ("--signature", "f(n: int) -> int", "--example", "4 -> 10")
    assert said in _refused(cli, "synth", "--checkpoint", trained, *example, *overrides)


def test_an_evaluation_by_a_search_that_cannot_be(cli, trained):
    line = _refused(
        cli, "eval", "--checkpoint", trained, "--tasks", "loops", "search=mcts", "max_edits=2"
    )
    assert "trained with model.refine=true" in line


def test_a_run_whose_evaluation_searches_beyond_its_model(cli):
    line = _train(cli, "evaluation.search=beam", "evaluation.max_edits=2")
    assert "trained with model.refine=true" in line


@pytest.mark.parametrize("override", ["actors.max_edits=3", "learner.repair_rows=4"])
def test_edits_of_a_model_that_does_not_refine(cli, override):
    line = _train(cli, override)
    assert override in line
    assert "set model.refine=true" in line


def test_a_data_set_that_is_not_in_the_cache(cli):
    (cli.folder / "cache").mkdir()
    status, output = cli.run(
        "train",
        "--config",
        SMOKE,
        "tasks.sources=[mbpp]",
        TREEWRIGHT_DATA=str(cli.folder / "cache"),
    )
    assert status == 2
    assert "treewright data fetch mbpp" in output
    assert len(output.strip().splitlines()) == 1
