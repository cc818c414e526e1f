"""Real tasks, their references and samples of an untrained policy, for the learner's tests."""

import json
import random
from collections.abc import Sequence
from functools import cache

import torch

from learner.config import LearnerConfig
from learner.repairs import RepairRows
from learner.rollouts import RolloutRows
from learner.rows import Row
from learner.supervised import SupervisedRows
from learner.verified import VerifiedRows
from policy import spec
from policy.config import HRMConfig, ModelConfig
from policy.grammar import GRAMMAR, PROFILES
from policy.model import Policy
from policy.sampler import sample
from policy.subtrees import smallest_edit, subtrees
from replay.v1.trajectory_pb2 import Edit, Feedback, Group, Reward, Trajectory
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


@cache
def episodes() -> tuple[Trajectory, ...]:
    """Episodes of one to three edits, from one sampled program of a task to others of it."""
    chance = random.Random(13)
    by_task: dict[str, list[Edit]] = {}
    for one in trajectories():
        by_task.setdefault(one.task_json, []).append(one.edits[0])
    found = []
    for at, one in enumerate(trajectories()):
        task = Task.from_json(json.loads(one.task_json))
        root = spec.encode(task, MODEL.spec).root
        episode = Trajectory()
        episode.CopyFrom(one)
        for _ in range(at % 3):
            last = episode.edits[-1]
            last.feedback.extend(_said(chance, len(task.examples)))
            new = chance.choice(by_task[one.task_json])
            change = smallest_edit(tuple(last.actions), tuple(new.actions), root)
            if change is None:
                break
            added = episode.edits.add()
            added.CopyFrom(new)
            added.policy_version = len(episode.edits) + 1
            added.node_pointer = subtrees(tuple(last.actions), root).pointers[change.node]
            # What is kept between what was drawn, as where a kept name was gone.
            drawn = [
                *range(change.begin, change.new_end),
                *range(len(new.actions) - 1, len(new.actions)),
            ]
            added.drawn[:] = sorted(set(drawn))
            added.pointer_logprob = -chance.random()
            added.q_continue = chance.gauss(0.0, 1.0)
            added.behaviour_logprobs[:] = [new.behaviour_logprobs[place] for place in added.drawn]
        found.append(episode)
    assert {len(one.edits) for one in found} == {1, 2, 3}
    return tuple(found)


def _said(chance: random.Random, examples: int) -> list[Feedback]:
    kinds = (
        Feedback(verdict="PASSED", actual_json="3"),
        Feedback(verdict="WRONG_ANSWER", actual_json='{"$py":"(1, 2)"}'),
        Feedback(verdict="RUNTIME_ERROR"),
    )
    return [kinds[2], *(chance.choice(kinds) for _ in range(examples - 1))]


def rows(num_references: int = 12, chosen: Sequence[Trajectory] | None = None) -> list[Row]:
    """References and rollouts of one batch."""
    found = RolloutRows(MODEL.spec).rows(trajectories() if chosen is None else chosen)
    return [*references().draw(num_references), *(row for edits in found for row in edits)]


def drafts() -> list[Row]:
    """Every program of `episodes`, judged once it was run."""
    rollouts = RolloutRows(MODEL.spec)
    return rollouts.drafts(episodes(), rollouts.rows(episodes()))


def archive(rollouts: RolloutRows, per_task: int = 2) -> VerifiedRows:
    """The verified programs of `trajectories`."""
    found = VerifiedRows(rollouts, per_task=per_task, seed=3)
    given = trajectories()
    found.add(given, rollouts.rows(given))
    return found


def repairs(
    rollouts: RolloutRows | None = None, verified: VerifiedRows | None = None
) -> RepairRows:
    """Repairs of what failed in `episodes`, to verified programs (of `trajectories`)."""
    rollouts = rollouts or RolloutRows(MODEL.spec)
    found = RepairRows(
        rollouts,
        verified or archive(rollouts),
        tasks(),
        profile=PROFILE,
        max_actions=MAX_ACTIONS,
        seed=5,
    )
    found.add(episodes())
    return found
