"""A train step's forward pass and objective lie where the policy does."""

import pytest
import torch

from learner.batch import collate
from learner.config import ObjectiveConfig
from learner.step import build_policy, loss, run_policy, to_floats
from policy.device import placed
from tests.pretended_gpu import GPU, pretended_gpu
from tests.unit.learner import samples


@torch.no_grad()
def figures(policy, shard):
    parts = run_policy(policy, shard, precision="float32", averaged=policy)
    return to_floats(loss(parts, ObjectiveConfig(), step=3)[1])


def test_the_objective_is_computed_on_the_policys_device_alone():
    (shard,) = collate(samples.rows(4), num_parts=2, policy_version=4)
    policy = build_policy(samples.MODEL, seed=3)
    with pretended_gpu():
        moved = {name: value.to(GPU) for name, value in shard.items()}
        there = figures(placed(policy, "cuda", "learner"), moved)
    assert there == pytest.approx(figures(policy, shard))
