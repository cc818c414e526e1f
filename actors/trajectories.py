"""From episodes to trajectories: pure."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field

from actors.config import ActorsConfig
from actors.episodes import Episode, TaskGroup, Turn
from actors.reward import RewardParts, group_statistics, reward
from policy.drafts import NO_VALUE, Feedback
from policy.grammar import GRAMMAR
from replay import Edit, Group, Reward, Timings, Trajectory
from replay import Feedback as WireFeedback
from sandbox.types import Verdict
from tasks import values
from tasks.schema import Task


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from."""

    run: str
    actor: str
    config: ActorsConfig
    timings: Timings


@dataclass(slots=True)
class Outcome:
    """What became of a group."""

    trajectories: list[Trajectory] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    """Of every program, INTERNAL included."""
    edits: Counter[int] = field(default_factory=Counter)
    """Episodes that came to an edit, by its number; 1 is the first program."""
    solved_at: Counter[int] = field(default_factory=Counter)
    """Episodes that ended solved, by their number of edits."""
    dropped: int = 0
    """Episodes without a trajectory, because the sandbox failed to run a program of theirs."""

    @property
    def solved(self) -> int:
        """Episodes whose last program passed every test."""
        return self.solved_at.total()


def judge(group: TaskGroup, origin: Origin) -> Outcome:
    """Make one trajectory an episode; its reward is that of its last program.

    The group's statistics are over the episodes with a known reward.
    """
    limits = origin.config
    parts = [
        None
        if one.lost
        else reward(
            one.last.result, len(one.last.edit.sample.actions), limits.max_actions, limits.reward
        )
        for one in group.episodes
    ]
    known = [part.total for part in parts if part is not None]
    mean, std = group_statistics(known)
    statistics = Group(id=uuid.uuid4().hex, size=len(known), reward_mean=mean, reward_std=std)
    outcome = Outcome()
    for episode, part in zip(group.episodes, parts, strict=True):
        outcome.verdicts.update(turn.result.verdict.value for turn in episode.turns)
        if part is None:
            outcome.dropped += 1
            continue
        outcome.edits.update(range(1, len(episode.turns) + 1))
        outcome.solved_at[len(episode.turns)] += episode.solved
        outcome.trajectories.append(_trajectory(group, statistics, episode, part, origin))
    return outcome


def _edit(turn: Turn, task: Task) -> Edit:
    sample, result = turn.edit.sample, turn.result
    return Edit(
        node_pointer=turn.edit.pointer,
        policy_version=turn.policy_version,
        actions=sample.actions,
        behaviour_logprobs=sample.logprobs,
        q_halt=turn.values.halt,
        q_continue=turn.values.go_on,
        source=sample.source,
        verdict=result.verdict.value,
        security_violation=result.security_violation,
        tests_passed=sum(test.verdict is Verdict.PASSED for test in result.tests),
        tests_total=len(result.tests) or len(task.tests),
        cpu_seconds=result.cpu_seconds,
        wall_seconds=result.wall_seconds,
        peak_rss_bytes=result.peak_rss_bytes,
        drawn=sample.drawn if len(sample.drawn) < len(sample.actions) else (),
        pointer_logprob=turn.edit.pointer_logprob,
        feedback=[_said(one) for one in turn.feedback],
    )


def _said(feedback: Feedback) -> WireFeedback:
    if feedback.actual is NO_VALUE:
        return WireFeedback(verdict=feedback.verdict)
    actual = json.dumps(values.to_json(feedback.actual), separators=(",", ":"))
    return WireFeedback(verdict=feedback.verdict, actual_json=actual)


def _trajectory(
    group: TaskGroup, statistics: Group, episode: Episode, parts: RewardParts, origin: Origin
) -> Trajectory:
    return Trajectory(
        id=uuid.uuid4().hex,
        run=origin.run,
        actor=origin.actor,
        task_json=group.drawn.task_json,
        group=statistics,
        grammar_version=GRAMMAR.version,
        profile=origin.config.profile,
        max_actions=origin.config.max_actions,
        edits=[_edit(turn, group.drawn.task) for turn in episode.turns],
        reward=Reward(total=parts.total, **asdict(parts)),
        temperature=origin.config.temperature,
        timings=origin.timings,
        created_unix_seconds=time.time(),
    )
