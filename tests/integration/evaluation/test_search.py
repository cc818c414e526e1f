"""Searches with a real policy that edits and a real sandbox."""

import ast
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from evaluation.config import EvaluationConfig
from evaluation.harness import evaluate
from evaluation.search.tasks import Searched, search_tasks
from policy.config import HRMConfig, ModelConfig
from policy.grammar import Root, codec
from policy.judging import judge, read
from policy.model import Policy
from policy.spec import encode
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from tasks.schema import Constraints, Example, Param, Signature, Task
from tests.pretended_gpu import pretended_gpu

TASK = Task(
    id="first",
    entry_point="first",
    signature=Signature((Param("a", "int"), Param("b", "int")), "int"),
    description="The first of two numbers.",
    examples=(Example((1, 2), 1), Example((4, 3), 4)),
    tests=(Example((5, 7), 5), Example((-3, 9), -3)),
    constraints=Constraints(max_nodes=8),
    stage="arithmetic",
)
HARD = replace(TASK, id="hard", examples=(Example((1, 2), 12345),), tests=(Example((1, 2), 12345),))
SEARCHES = ("best_of", "beam", "mcts")


@pytest.fixture(scope="module")
def client() -> Iterator[SandboxClient]:
    with LocalServer(SandboxConfig(slots=1)) as server, SandboxClient(server.target) as client:
        yield client


def untrained(refine: bool, q_position: str = "last") -> Policy:
    """A policy that leans towards `return b`, and less so towards `return a`."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    small = {"width": 32, "heads": 2, "h_cycles": 1, "l_cycles": 1, "segments": 1}
    hrm = HRMConfig.model_validate(small | {"q_position": q_position})
    policy = Policy(ModelConfig(hrm=hrm, max_actions=32, refine=refine)).eval()
    names = encode(TASK, policy.config.spec).names
    for source, lean in (("return a", 7.3), ("return b", 8.0)):
        tree = ast.parse(f"def first(a, b):\n    {source}\n")
        policy.output_bias.data[codec.encode(tree, names, Root.BODY)] = lean
    return policy


@pytest.fixture(scope="module")
def policy() -> Policy:
    return untrained(refine=True)


def settings(search: str, **changed: object) -> EvaluationConfig:
    values = {
        "search": search,
        "max_edits": 4,
        "search_nodes": 48,
        "ks": (1, 4),
        "max_actions": 24,
        "temperature": 1.0,
    }
    return EvaluationConfig.model_validate(values | changed)


def find(policy: Policy, client: SandboxClient, config: EvaluationConfig, *tasks: Task) -> Searched:
    return search_tasks(policy, tasks, client, config, torch.Generator().manual_seed(3))


@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_edits_until_a_program_agrees_with_the_examples(policy, client, search):
    config = settings(search)
    easy, hard = find(policy, client, config, TASK, HARD).found
    assert easy.ranked[0].agrees
    assert "return a" in easy.ranked[0].source
    assert not hard.ranked[0].agrees
    assert hard.drawn == 48
    for found in (easy, hard):
        assert len({node.source for node in found.nodes}) == len(found.nodes) <= found.drawn
        assert 1 < max(node.edits for node in found.nodes) <= 4
        # First programs are written whole; some edits write less.
        assert {node.pointer for node in found.nodes if node.parent is None} == {""}
        assert any(node.pointer.startswith("/body") for node in found.nodes)


@pytest.mark.parametrize(
    "changed", [{"search": "none", "max_edits": 1, "samples": 8}, {"search_nodes": 8}], ids=str
)
def test_on_a_gpu_the_same_programs_are_found(client, changed):
    policy = untrained(refine=True, q_position="draft")
    there = {"device": "cuda", "precision": "float32", "decoding": "eager"}

    def found(**where: str) -> dict[str, object]:
        config = settings(**{"search": "beam", "precision": "float32"} | changed | where)
        generators = [torch.Generator().manual_seed(seed) for seed in range(2)]
        result = evaluate(policy, [TASK, HARD], client, config, generator=generators)
        return {name: result.to_json()[name] for name in ("pass_at", "verdicts", "samples")}

    with pretended_gpu():
        on_gpu = found(**there)
    assert on_gpu == found(device="cpu")
    assert policy.output_bias.device.type == "cpu"


@pytest.mark.parametrize("search", SEARCHES)
def test_the_hidden_tests_change_what_is_judged_and_not_what_is_found(policy, client, search):
    def judged(expected: int) -> tuple[int, int, int | None]:
        task = replace(TASK, tests=(Example((5, 7), expected),))
        generator = torch.Generator().manual_seed(3)
        result = evaluate(policy, [task], client, settings(search), generator=generator)
        [one] = result.tasks
        return one.samples, one.distinct, one.rank

    right, wrong = judged(5), judged(99)
    assert right[:2] == wrong[:2]
    assert (right[2], wrong[2]) == (1, None)


def test_the_evaluation_of_a_search_keeps_its_conditions(policy, client):
    config = settings("beam", search_seconds=50.0, batch_rows=30)
    generator = torch.Generator().manual_seed(3)
    seen: list[int] = []
    result = evaluate(
        policy,
        [TASK, HARD, replace(TASK, id="again")],
        client,
        config,
        generator=generator,
        on_progress=lambda progress: seen.append(progress.samples_judged),
    )
    assert (result.search, result.max_edits) == ("beam", 4)
    assert (result.search_nodes, result.search_seconds) == (48, 50.0)
    # Two tasks fill a batch of 30 with their 12 programs a round.
    assert seen == [96, 144]
    assert result.pass_at == {"1": pytest.approx(2 / 3), "4": pytest.approx(2 / 3)}
    assert [task.rank for task in result.tasks] == [1, None, 1]
    assert result.samples <= 3 * 48
    edited = [task.best for task in result.tasks if task.best and task.best.edits]
    assert all(best.edits[-1].source == best.source for best in edited)
    assert all(2 <= len(best.edits) <= 4 for best in edited)
    assert result.executed < result.samples


def test_in_bfloat16_edits_are_found_too(policy, client):
    generator = torch.Generator().manual_seed(3)
    config = settings("mcts", precision="bfloat16")
    result = evaluate(policy, [TASK], client, config, generator=generator)
    assert result.precision == "bfloat16"
    assert result.pass_at["4"] == 1.0


def test_what_was_found_before_the_time_was_over_is_returned(policy, client):
    [found] = find(policy, client, settings("mcts", search_seconds=1e-6), HARD).found
    assert (found.rounds, found.drawn) == (1, 8)
    assert found.ranked
    [found] = find(policy, client, settings("mcts", search_seconds=60.0), HARD).found
    assert found.rounds == 6


def test_without_visible_examples_nothing_is_run_and_q_halt_ranks(policy, client):
    silent = replace(TASK, examples=())
    searched = find(policy, client, settings("best_of"), silent)
    [found] = searched.found
    assert all(not node.draft.feedback for node in found.nodes)
    values = [node.q_halt for node in found.ranked]
    assert values == sorted(values, reverse=True)


def test_who_judges_drafts_does_so_after_their_run(client):
    policy = untrained(refine=True, q_position="draft")
    torch.nn.init.normal_(policy.hrm.q_head.weight)
    [found] = find(policy, client, settings("mcts", search_nodes=24), HARD).found
    nodes = found.ranked
    assert all(len(node.draft.feedback) == 1 for node in nodes)
    values = judge(policy, read(policy, [HARD] * len(nodes), [node.draft for node in nodes]))
    assert [node.q_halt for node in nodes] == pytest.approx([one.halt for one in values], abs=1e-4)
    going_on = [one.go_on for one in values]
    assert [node.q_continue for node in nodes] == pytest.approx(going_on, abs=1e-4)


def test_a_policy_that_does_not_edit_can_rank_first_programs(client):
    policy = untrained(refine=False)
    [found] = find(policy, client, settings("best_of", max_edits=1), TASK).found
    assert found.ranked[0].agrees
    assert found.rounds == 1
    with pytest.raises(ValueError, match=r"needs a policy that edits.*model\.refine"):
        find(policy, client, settings("beam"), TASK)


def test_the_same_generator_finds_the_same(policy, client):
    first, second = (find(policy, client, settings("mcts"), TASK).found[0] for _ in range(2))
    assert [node.source for node in first.nodes] == [node.source for node in second.nodes]
