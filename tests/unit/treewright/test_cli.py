"""The command line: what needs no process of its own."""

import importlib
import subprocess
import sys

import pytest
from click.testing import CliRunner

from policy.grammar import PROFILES
from treewright.cli import USER_ERRORS, main


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in USER_ERRORS.items() for name in names]
)
def test_every_error_that_becomes_one_line_exists(module: str, name: str):
    error = getattr(importlib.import_module(module), name)
    assert issubclass(error, Exception)


COMMANDS = [
    (),
    ("train",),
    ("eval",),
    ("synth",),
    ("inspect",),
    ("export",),
    ("ablate",),
    ("report",),
    ("sandbox", "serve"),
    ("sandbox", "exec"),
    ("sandbox", "describe"),
    ("sandbox", "resize"),
    ("sandbox", "doctor"),
    ("data", "list"),
    ("data", "fetch"),
    ("data", "build"),
    ("policy", "roundtrip"),
    ("policy", "sample"),
    ("policy", "parity"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...]):
    result = CliRunner().invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trian",), "No such command 'trian'."),
        (("synth", "--checkpint", "run"), "--checkpint"),
        (("eval", "--tasks", "loops"), "Missing option '--checkpoint'."),
        (("eval", "--checkpoint", "run", "--tasks", "loops", "--samples", "-1"), "'--samples': -1"),
        (("policy", "sample", "--untrained", "--n", "0"), "Invalid value for '--n'"),
        (("sandbox", "exec"), "Missing argument 'FILE'."),
    ],
    ids=str,
)
def test_a_wrong_command_or_option_is_one_line(arguments: tuple[str, ...], said: str):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize("group", [(), ("policy",), ("sandbox",)], ids=str)
def test_a_group_alone_lists_its_commands(group: tuple[str, ...]):
    assert "Commands:" in CliRunner().invoke(main, group).output


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("actors.profile=everything", "actors.profile"),
        ("evaluation.profile=everything", "evaluation.profile"),
        ("actors.max_actions=500", "actors.max_actions"),
        ("learner.num_learners=2", "needs runtime=ray"),
    ],
)
def test_settings_that_cannot_work_together_are_one_line(override: str, said: str):
    result = CliRunner().invoke(main, ["train", "runtime=local", override])
    assert result.exit_code == 2
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_data_list_names_stages_and_data_sets():
    result = CliRunner().invoke(main, ["data", "list"])
    assert result.exit_code == 0
    for name in ("arithmetic", "loops", "mbpp", "humaneval"):
        assert name in result.output


def test_the_untrained_policy_is_measured():
    asked = ["policy", "sample", "--untrained", "--n", "20", "--budgets", "12,40"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 0, result.output
    for budget in (12, 40):
        line = f"at most {budget} actions: 2 of 2 compile, 2 inside the budget"
        assert result.output.count(line) == len(PROFILES)


def test_what_is_required_of_the_untrained_policy_is_counted():
    asked = ["policy", "sample", "--untrained", "--n", "20", "--budgets", "24", "--require", "For"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 0, result.output
    assert result.output.count("4 inside the budget, 4 hold For, ") == len(PROFILES)


def test_what_no_profile_holds_is_refused_in_one_line():
    asked = ["policy", "sample", "--untrained", "--require", "For", "--require", "Global"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 2
    said = "task answer: constraints.require: no program of profile core is sure to have room for"
    assert f"{said} Global" in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_budgets_that_are_no_numbers_are_refused_in_one_line():
    asked = ["policy", "sample", "--untrained", "--budgets", "32,x"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 2
    assert "--budgets: comma-separated numbers" in result.output


@pytest.mark.parametrize(
    "command", [("data", "list"), ("train",), ("policy", "sample", "--untrained")]
)
def test_without_the_packages_for_training_a_command_names_what_to_install(
    command: tuple[str, ...],
):
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('rich', 'torch', 'numpy', 'pydantic')))\n"
        "from treewright.cli import main\n"
        "main(sys.argv[1:])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("Error: this command needs ")
    assert answer.stderr.endswith("is not installed: pip install 'treewright[train]'\n")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--signature", "f(n: int) -> int"),
        ("--example", "4 -> 10"),
        ("--tasks", "-", "--signature", "f(n: int) -> int", "--example", "4 -> 10"),
        ("--tasks", "-", "--example", "4 -> 10"),
        ("--tasks", "-", "--description", "Sum."),
    ],
    ids=" ".join,
)
def test_synth_takes_either_tasks_or_a_signature_with_examples(arguments: tuple[str, ...]):
    result = CliRunner().invoke(main, ["synth", "--checkpoint", "run", *arguments])
    assert result.exit_code == 2
    assert "Error: give --tasks, or --signature with --example" in result.output


def test_a_file_of_tasks_that_is_missing_is_a_mistake(tmp_path):
    arguments = ["synth", "--checkpoint", "run", "--tasks", str(tmp_path / "none.jsonl")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "none.jsonl' does not exist" in result.output


def test_ctrl_c_is_an_exit_status_of_its_own():
    @main.command("interrupted")
    def interrupted() -> None:
        raise KeyboardInterrupt

    try:
        assert CliRunner().invoke(main, ["interrupted"]).exit_code == 130
    finally:
        del main.commands["interrupted"]


def test_synth_loads_neither_redis_nor_ray():
    code = "import sys, treewright.stream; print({'redis', 'ray'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
