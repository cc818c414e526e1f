"""The whole evaluation: a real policy, a real sandbox."""

import ast
from collections.abc import Iterator

import pytest
import torch

from evaluation.config import EvaluationConfig
from evaluation.harness import evaluate
from evaluation.programs import program_for
from evaluation.progress import Progress
from evaluation.records import EvaluationResult
from policy.config import HRMConfig, ModelConfig
from policy.grammar import Root, codec
from policy.model import Policy
from policy.precision import arithmetic
from policy.spec import encode
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Limits
from tasks.schema import Constraints, Example, Param, Signature, Task


@pytest.fixture(scope="module")
def client() -> Iterator[SandboxClient]:
    with LocalServer(SandboxConfig(slots=1)) as server, SandboxClient(server.target) as client:
        yield client


@pytest.fixture(scope="module")
def policy() -> Policy:
    """An untrained policy that leans towards the actions of `return a` and `return b`."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    hrm = HRMConfig(width=32, heads=2, h_cycles=1, l_cycles=1, segments=1)
    policy = Policy(ModelConfig(hrm=hrm, max_actions=32)).eval()
    names = encode(task("t"), policy.config.spec).names
    for source, lean in (("return b", 7.0), ("return a", 8.0)):
        tree = ast.parse(f"def first(a, b):\n    {source}\n")
        policy.output_bias.data[codec.encode(tree, names, Root.BODY)] = lean
    return policy


def task(name: str, **changes: object) -> Task:
    """Return the first of two numbers."""
    values: dict[str, object] = {
        "id": name,
        "entry_point": "first",
        "signature": Signature((Param("a", "int"), Param("b", "int")), "int"),
        "description": "The first of two numbers.",
        "examples": (Example((1, 2), 1),),
        "tests": (Example((5, 7), 5), Example((-3, 9), -3)),
        "constraints": Constraints(max_nodes=8),
        "stage": "arithmetic",
    }
    return Task(**(values | changes))  # type: ignore[arg-type]


def settings(**changes: object) -> EvaluationConfig:
    values = {
        "samples": 64,
        "ks": (1, 64),
        "temperature": 1.0,
        "max_actions": 24,
        "batch_rows": 96,
        "cpu_seconds": 0.1,
    }
    return EvaluationConfig.model_validate(values | changes)


def run(
    policy: Policy, client: SandboxClient, tasks: list[Task], **changes: object
) -> EvaluationResult:
    generator = torch.Generator().manual_seed(7)
    return evaluate(policy, tasks, client, settings(**changes), generator=generator)


@pytest.fixture(scope="module")
def result(policy, client) -> EvaluationResult:
    hard = task("hard", stage="loops", tests=(Example((5, 7), 123456789),))
    code = task("code", tests=(), test_code="assert first(5, 7) == 5\nassert first(2, 1) == 2\n")
    return run(policy, client, [task("easy"), hard, code])


def test_every_sample_is_counted_once(result):
    assert result.samples == 3 * 64
    assert sum(result.verdicts.values()) == result.samples
    assert [one.samples for one in result.tasks] == [64, 64, 64]
    assert result.executed == sum(one.distinct for one in result.tasks)
    assert result.executed < result.samples
    assert result.verdicts["PASSED"] == sum(one.correct for one in result.tasks)
    assert result.internal == 0


def test_an_untrained_policy_writes_only_programs_that_compile(result):
    assert "COMPILE_ERROR" not in result.verdicts


def test_rates_are_those_of_the_counts(result):
    easy, hard, code = result.tasks
    assert 0 < easy.correct < 64
    assert hard.correct == 0
    assert 0 < code.correct < 64
    assert result.pass_at_by_stage["loops"] == {"1": 0.0, "64": 0.0}
    assert result.pass_at_by_stage["arithmetic"]["1"] == pytest.approx(
        (easy.correct + code.correct) / 128
    )
    assert result.pass_at["64"] == pytest.approx(2 / 3)


def test_the_best_program_passes_when_it_is_run_again(result, client):
    easy = result.tasks[0]
    assert easy.best is not None
    assert easy.best.verdict == "PASSED"
    assert (easy.best.tests_passed, easy.best.tests_total) == (2, 2)
    [again] = client.execute([program_for(task("easy"), easy.best.source, "again", Limits())])
    assert again.verdict == "PASSED"


def test_the_hidden_tests_change_verdicts_and_not_programs(policy, client):
    def only(expected: int) -> EvaluationResult:
        return run(policy, client, [task("t", tests=(Example((5, 7), expected),))], ks=(1,))

    first, second = only(5), only(7)
    assert first.tasks[0].distinct == second.tasks[0].distinct
    assert first.tasks[0].correct != second.tasks[0].correct


def test_batches_do_not_change_what_is_counted(policy, client):
    seen: list[Progress] = []
    generator = torch.Generator().manual_seed(1)
    tasks = [task(str(number)) for number in range(3)]
    result = evaluate(
        policy,
        tasks,
        client,
        settings(batch_rows=40, batches_in_flight=1),
        generator=generator,
        on_progress=seen.append,
    )
    assert [one.samples for one in result.tasks] == [64, 64, 64]
    assert [progress.samples_judged for progress in seen] == [80, 128, 168, 192]
    assert result.tasks[0].distinct <= 64


def test_the_same_generator_gives_the_same_result(policy, client):
    first, second = (run(policy, client, [task("t")]) for _ in range(2))
    assert first.tasks == second.tasks
    assert first.verdicts == second.verdicts


def test_in_bfloat16_it_says_so_and_finds_as_much(policy, client, result):
    half = run(policy, client, [task("easy")], precision="bfloat16")
    assert (half.precision, arithmetic(policy)) == ("bfloat16", "float32")
    assert half.tasks[0].correct == pytest.approx(result.tasks[0].correct, abs=8)


def test_mistakes_are_named_before_anything_is_sampled(policy, client):
    with pytest.raises(ValueError, match="no tasks"):
        run(policy, client, [])
    with pytest.raises(ValueError, match=r"evaluation\.max_actions \(500\) is above model"):
        run(policy, client, [task("t")], max_actions=500)
