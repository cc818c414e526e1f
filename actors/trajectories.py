"""From samples and the sandbox's results to trajectories: pure."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from actors.config import ActorsConfig
from actors.reward import RewardParts, group_statistics, reward
from policy.grammar import GRAMMAR
from policy.sampler import Sample
from replay import Edit, Group, Reward, Timings, Trajectory
from sandbox.types import Result, Verdict
from tasks.schema import Task


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """The samples of one task."""

    task: Task
    task_json: str
    samples: Sequence[Sample]
    programs: Sequence[str]
    """For each sample the name of the program that was run for it: equal sources share one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from."""

    run: str
    actor: str
    policy_version: int
    config: ActorsConfig
    timings: Timings


@dataclass(slots=True)
class Outcome:
    """What became of a group."""

    trajectories: list[Trajectory] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    """Of every sample, INTERNAL included."""
    dropped: int = 0
    """Samples without a trajectory, because the sandbox failed to run them."""

    @property
    def solved(self) -> int:
        """Samples that passed every test."""
        return self.verdicts[Verdict.PASSED]


def judge(group: TaskGroup, results: Mapping[str, Result], origin: Origin) -> Outcome:
    """Make one trajectory a sample; the group's statistics are over those with a known reward."""
    ran = [results[name] for name in group.programs]
    limits = origin.config
    parts = [
        reward(result, len(sample.actions), limits.max_actions, limits.reward)
        for sample, result in zip(group.samples, ran, strict=True)
    ]
    known = [part.total for part in parts if part is not None]
    mean, std = group_statistics(known)
    statistics = Group(id=uuid.uuid4().hex, size=len(known), reward_mean=mean, reward_std=std)
    outcome = Outcome(verdicts=Counter(result.verdict.value for result in ran))
    for sample, result, part in zip(group.samples, ran, parts, strict=True):
        if part is None:
            outcome.dropped += 1
        else:
            edit = _edit(sample, result, group.task, origin.policy_version)
            outcome.trajectories.append(_trajectory(group, statistics, edit, part, origin))
    return outcome


def _edit(sample: Sample, result: Result, task: Task, policy_version: int) -> Edit:
    return Edit(
        policy_version=policy_version,
        actions=sample.actions,
        behaviour_logprobs=sample.logprobs,
        q_halt=sample.q_halt,
        q_continue=sample.q_continue,
        source=sample.source,
        verdict=result.verdict.value,
        security_violation=result.security_violation,
        tests_passed=sum(test.verdict is Verdict.PASSED for test in result.tests),
        tests_total=len(result.tests) or len(task.tests),
        cpu_seconds=result.cpu_seconds,
        wall_seconds=result.wall_seconds,
        peak_rss_bytes=result.peak_rss_bytes,
    )


def _trajectory(
    group: TaskGroup, statistics: Group, edit: Edit, parts: RewardParts, origin: Origin
) -> Trajectory:
    return Trajectory(
        id=uuid.uuid4().hex,
        run=origin.run,
        actor=origin.actor,
        task_json=group.task_json,
        group=statistics,
        grammar_version=GRAMMAR.version,
        profile=origin.config.profile,
        max_actions=origin.config.max_actions,
        edits=[edit],
        reward=Reward(total=parts.total, **asdict(parts)),
        temperature=origin.config.temperature,
        timings=origin.timings,
        created_unix_seconds=time.time(),
    )
