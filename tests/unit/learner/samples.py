"""Real tasks, their references and samples of an untrained policy, for the learner's tests."""

import json
import random
from collections.abc import Sequence
from functools import cache

import torch

from learner.config import LearnerConfig
from learner.rollouts import RolloutRows
from learner.rows import Row
from learner.supervised import SupervisedRows
from policy import spec
from policy.config import HRMConfig, ModelConfig
from policy.grammar import GRAMMAR, PROFILES
from policy.model import Policy
from policy.sampler import sample
from replay.v1.trajectory_pb2 import Edit, Group, Reward, Trajectory
from tasks import sources
from tasks.config import TasksConfig
from tasks.schema import Task

MAX_ACTIONS = 48
PROFILE = "core"
MODEL = ModelConfig(
    hrm=HRMConfig(width=32, heads=2, round_inner_to=16), message_width=8, max_actions=MAX_ACTIONS
)


@cache
def tasks() -> tuple[Task, ...]:
    """A few tasks of the first stage's families."""
    return sources.build(TasksConfig(sources=("arithmetic",), per_family=4)).train[::4]


def references(config: LearnerConfig | None = None, seed: int = 1) -> SupervisedRows:
    return SupervisedRows(
        tasks(),
        MODEL,
        config or LearnerConfig(),
        profile=PROFILE,
        max_actions=MAX_ACTIONS,
        seed=seed,
    )


@cache
def trajectories(num_tasks: int = 6, k: int = 4) -> tuple[Trajectory, ...]:
    """Programs of an untrained policy; which of them passed is drawn: nothing here runs them."""
    torch.manual_seed(5)
    policy = Policy(MODEL).eval()
    chosen = random.Random(3).sample(tasks(), num_tasks)
    samples = sample(
        policy,
        [spec.encode(task, MODEL.spec) for task in chosen],
        k,
        temperature=0.9,
        max_actions=MAX_ACTIONS,
        profile=PROFILES[PROFILE],
        generator=torch.Generator().manual_seed(7),
    )
    chance = random.Random(11)
    return tuple(
        Trajectory(
            id=f"{at}",
            actor="test",
            task_json=json.dumps(chosen[one.task].to_json()),
            group=Group(id=str(one.task), size=k, reward_mean=0.4, reward_std=0.3),
            grammar_version=GRAMMAR.version,
            profile=PROFILE,
            max_actions=MAX_ACTIONS,
            edits=[
                Edit(
                    policy_version=2,
                    actions=one.actions,
                    behaviour_logprobs=one.logprobs,
                    source=one.source,
                    verdict=chance.choice(("PASSED", "WRONG_ANSWER", "RUNTIME_ERROR")),
                )
            ],
            reward=Reward(total=chance.random()),
            temperature=0.9,
        )
        for at, one in enumerate(samples)
    )


def rows(num_references: int = 12, chosen: Sequence[Trajectory] | None = None) -> list[Row]:
    """References and rollouts of one batch."""
    found = RolloutRows(MODEL.spec).rows(trajectories() if chosen is None else chosen)
    return [*references().draw(num_references), *found]
