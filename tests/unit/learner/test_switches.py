"""What the network's switches change in a train step."""

import math

import pytest
import torch

from learner.batch import collate
from learner.config import LearnerConfig, ObjectiveConfig, OptimizerConfig
from learner.step import TrainStep, build_policy, loss, run_policy
from learner.supervised import SupervisedRows
from policy.config import HRMConfig, ModelConfig
from tasks import sources
from tasks.config import TasksConfig
from tests.unit.learner import samples

OPTIMIZER = OptimizerConfig(learning_rate=5e-3, warmup_steps=2)
LEARNER = LearnerConfig(precision="float32", supervised_rows=6, rollout_rows=0, optimizer=OPTIMIZER)


def model(**core) -> ModelConfig:
    small = {"width": 32, "heads": 2, "h_cycles": 2, "l_cycles": 2, "segments": 2}
    return ModelConfig(hrm=HRMConfig(**small | core), max_actions=64)


@pytest.fixture(scope="module")
def shard():
    tasks = sources.build(TasksConfig(per_family=4)).train
    rows = SupervisedRows(tasks, model(), LEARNER, profile="core", max_actions=64, seed=0)
    return collate(rows.draw(6))[0]


def policy_of(**core):
    policy = build_policy(model(**core), 0)
    torch.nn.init.normal_(policy.hrm.q_head.weight, generator=torch.Generator().manual_seed(0))
    return policy


def parts(policy, shard, averaged=None):
    return run_policy(policy, shard, precision="float32", averaged=averaged or policy)


def q_continue(found):
    return loss(found, ObjectiveConfig(), 0)[1]["loss/q_continue"].item()


@pytest.mark.parametrize("act", ["off", "halt"])
def test_without_continuing_its_value_is_not_taught(shard, act):
    policy = policy_of(act=act, q_target="second_forward")
    total, found = loss(parts(policy, shard), ObjectiveConfig(), 0)
    total.backward()
    assert found["loss/q_continue"] == 0
    assert found["loss/q_halt"] > 0
    assert not policy.hrm.q_head.weight.grad[1].any()
    assert policy.hrm.q_head.weight.grad[0].any()


def test_the_target_after_the_last_segment_is_that_of_one_more(shard):
    (short,) = parts(policy_of(q_target="second_forward"), shard)
    (longer,) = parts(policy_of(segments=3), shard)
    halt, go_on = longer.q_halt.detach(), longer.q_continue.detach()
    expected = torch.stack((torch.maximum(halt[1], go_on[1]), halt[2])).sigmoid()
    torch.testing.assert_close(short.q_continue_target, expected)
    assert q_continue([short]) != pytest.approx(q_continue(parts(policy_of(), shard)))


def test_a_lagged_target_is_what_the_average_says(shard):
    policy, averaged = policy_of(q_target="lagged"), policy_of(q_target="lagged")
    same = q_continue(parts(policy, shard))
    assert same == pytest.approx(q_continue(parts(policy_of(), shard)))
    with torch.no_grad():
        averaged.hrm.q_head.bias += 3.0
    (found,) = parts(policy, shard, averaged)
    (theirs,) = parts(averaged, shard)
    torch.testing.assert_close(found.q_continue_target[1], theirs.q_halt[1].sigmoid().detach())
    assert q_continue([found]) != pytest.approx(same)


def test_a_judge_of_drafts_learns_from_drafts_alone(shard):
    config = samples.MODEL.model_copy(
        update={"refine": True, "hrm": HRMConfig(width=32, heads=2, q_position="draft")}
    )
    drafts = [row for row in samples.drafts() if row.continue_value < 0][:12]
    references = samples.references().draw(4)
    step = TrainStep(build_policy(config, 0), ObjectiveConfig(), LEARNER)
    assert step(collate(references)[0])["loss/q_halt"] == 0
    (mixed,) = collate([*references, *drafts], num_parts=2)
    losses = [step(mixed)["loss/q_halt"] for _ in range(60)]
    share = sum(row.solved for row in drafts) / len(drafts)
    assert 0.2 < share < 0.8
    # Better than who knows the share alone: it tells the drafts apart.
    ignorant = -share * math.log(share) - (1 - share) * math.log(1 - share)
    assert losses[-1] < 0.7 * ignorant


def test_the_horizon_warms_up_over_train_steps(shard):
    policy = policy_of(horizon_warmup_steps=6)
    assert policy.hrm.horizon == 4  # outside of training nothing is cut
    step = TrainStep(policy, ObjectiveConfig(), LEARNER)
    seen = []
    for _ in range(8):
        step(shard)
        seen.append(policy.hrm.horizon)
    assert seen == [1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize(
    "core",
    [
        {"spec_reader": "prefix"},
        {"spec_reader": "both", "q_position": "first"},
        {"q_target": "lagged"},
        {"q_target": "second_forward", "spec_reader": "prefix"},
        {"horizon_warmup_steps": 3, "gradient_horizon": 2},
        {"h_layers": 2, "l_layers": 0, "h_cycles": 1, "l_cycles": 1, "segments": 1},
    ],
    ids=str,
)
def test_every_switch_learns_a_batch_by_heart(shard, core):
    step = TrainStep(policy_of(**core), ObjectiveConfig(), LEARNER)
    losses = [step(shard)["loss/supervised"] for _ in range(12)]
    assert losses[-1] < 0.7 * losses[0]


def test_a_stablemax_policy_learns_too(shard):
    config = model().model_copy(update={"distribution": "stablemax"})
    step = TrainStep(build_policy(config, 0), ObjectiveConfig(), LEARNER)
    losses = [step(shard)["loss/supervised"] for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]
