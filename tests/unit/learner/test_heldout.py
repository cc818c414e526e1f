"""Scores of a policy on references: by hand, and on the strategy heads."""

import numpy as np
import pytest
import torch

from learner.config import LearnerConfig
from learner.heldout import score
from learner.step import build_policy
from learner.supervised import SupervisedRows
from policy import strategy
from policy.config import HRMConfig, ModelConfig
from policy.layers import Linear
from tasks import sources
from tasks.config import TasksConfig

MODEL = ModelConfig(hrm=HRMConfig(width=32, heads=2), max_actions=64)


@pytest.fixture(scope="module")
def references():
    tasks = sources.build(TasksConfig(per_family=10)).heldout
    made = SupervisedRows(tasks, MODEL, LearnerConfig(), profile="core", max_actions=64, seed=0)
    return tasks, made.every()


def unsure():
    """A policy of equal logits, and of strategy heads that always name class 1."""
    policy = build_policy(MODEL, 0)
    with torch.no_grad():
        policy.embedding[1 : 1 + len(policy.output_bias)].zero_()
        for head in policy.strategy:
            assert isinstance(head, Linear)
            assert head.bias is not None
            head.weight.zero_()
            head.bias.copy_(torch.eye(len(head.bias))[1])
    return policy


def test_an_unsure_policy_pays_the_logarithm_of_what_is_allowed(references):
    _, rows = references
    allowed = [np.unpackbits(row.program.mask, axis=1).sum(1) for row in rows]
    found = score(unsure(), rows)
    assert found.nats_per_action == pytest.approx(np.log(np.concatenate(allowed)).mean(), rel=1e-5)
    assert found.tasks == len(rows)
    assert 0 < found.action_accuracy < 0.9  # where one action is allowed, it is the likeliest


def test_a_head_that_knows_nothing_is_as_good_as_its_class_is_common(references):
    _, rows = references
    found = score(unsure(), rows).strategy
    for place, name in enumerate(strategy.NAMES):
        labels = [row.strategy[place] for row in rows]
        assert found[name].accuracy == pytest.approx(labels.count(1) / len(labels))
        commonest = max(map(labels.count, labels))
        assert found[name].majority == pytest.approx(commonest / len(labels))
        assert found[name].classes == len(set(labels))


def test_scoring_in_batches_is_scoring_at_once(references):
    _, rows = references
    policy = build_policy(MODEL, 0)
    many = score(policy, [*rows, *rows, *rows])
    assert many.nats_per_action == pytest.approx(score(policy, rows).nats_per_action, rel=1e-5)


def test_every_task_comes_once_with_nothing_hidden(references):
    tasks, rows = references
    assert len(rows) == len({id(row.spec) for row in rows}) <= len(tasks)
    entries = [task.entry_point for task in tasks]
    assert [row.spec.names.entry_point for row in rows] == entries[: len(rows)]


def test_without_references_there_is_nothing_to_score():
    with pytest.raises(ValueError, match="no task has a reference"):
        score(build_policy(MODEL, 0), [])
