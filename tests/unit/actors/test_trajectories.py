"""A group of episodes as trajectories."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from actors.config import ActorsConfig
from actors.episodes import Episode, TaskGroup, Turn
from actors.tasks import Drawn
from actors.trajectories import Origin, judge
from learner.rollouts import read_feedback
from policy import spec
from policy.config import SpecConfig
from policy.drafts import NO_VALUE, Feedback
from policy.edits import Edit
from policy.judging import QValues
from policy.sampler import Sample
from replay import Timings
from sandbox.types import Result, TestResult, Verdict
from tasks import sources
from tasks.config import TasksConfig

CONFIG = ActorsConfig(max_edits=3, max_actions=48)
ORIGIN = Origin("run", "actor-0", CONFIG, Timings(sample_seconds=1.0))
SAID = (Feedback("WRONG_ANSWER", (1, {2})), Feedback("PASSED", None), Feedback("TIME_LIMIT"))


def turn(verdict: Verdict, drawn: Sequence[int], version: int = 1) -> Turn:
    tests = (TestResult(Verdict.PASSED), TestResult(verdict))
    made = Sample(0, (5, 6, 7), tuple(drawn), (-0.5,) * len(drawn), 0.25, -0.25, "source")
    edit = Edit(0, 2, "/body/0" if len(drawn) < 3 else "", -0.75, made)
    return Turn(edit, version, Result("p", verdict, tests=tests), SAID)


def group(*episodes: Episode) -> TaskGroup:
    (task, *_) = sources.build(TasksConfig(sources=("arithmetic",), per_family=4)).train
    return TaskGroup(Drawn(task, "{}", spec.encode(task, SpecConfig())), list(episodes))


WHOLE = range(3)
REPAIRED = Episode(
    [turn(Verdict.WRONG_ANSWER, WHOLE, 3), turn(Verdict.RUNTIME_ERROR, (1,), 3),
     turn(Verdict.PASSED, (0, 2), 4)]
)  # fmt: skip
FIRST = Episode([turn(Verdict.PASSED, WHOLE)])
FAILED = Episode([turn(Verdict.WRONG_ANSWER, WHOLE), turn(Verdict.TIME_LIMIT, (1, 2))])
LOST = Episode([turn(Verdict.PASSED, WHOLE), turn(Verdict.INTERNAL, (1,))], lost=True)


def test_an_episode_is_worth_its_last_program():
    outcome = judge(group(REPAIRED, FIRST, FAILED), ORIGIN)
    rewards = [one.reward for one in outcome.trajectories]
    assert rewards[0].total == rewards[1].total > rewards[2].total
    assert (rewards[2].runtime_penalty, rewards[2].timeout_penalty) == (0.0, -0.1)
    mean = sum(one.total for one in rewards) / 3
    for one in outcome.trajectories:
        assert one.group.reward_mean == pytest.approx(mean)
        assert one.group.size == 3


def test_every_edit_is_told():
    (one,) = judge(group(REPAIRED), ORIGIN).trajectories
    assert [edit.node_pointer for edit in one.edits] == ["", "/body/0", "/body/0"]
    assert [edit.policy_version for edit in one.edits] == [3, 3, 4]
    assert [list(edit.drawn) for edit in one.edits] == [[], [1], [0, 2]]
    assert [len(edit.behaviour_logprobs) for edit in one.edits] == [3, 1, 2]
    assert [edit.verdict for edit in one.edits] == ["WRONG_ANSWER", "RUNTIME_ERROR", "PASSED"]
    assert read_feedback(one.edits[0].feedback) == SAID
    assert one.edits[0].feedback[1].actual_json == "null"
    assert read_feedback(one.edits[2].feedback)[2].actual is NO_VALUE


def test_what_is_told_of_the_q_values_is_what_was_decided_by():
    first, last = turn(Verdict.WRONG_ANSWER, WHOLE), turn(Verdict.PASSED, (1,))
    episode = Episode([replace(first, judged=QValues(-1.5, 2.5)), last])
    (one,) = judge(group(episode), ORIGIN).trajectories
    assert [(edit.q_halt, edit.q_continue) for edit in one.edits] == [(-1.5, 2.5), (0.25, -0.25)]


def test_a_lost_episode_gives_no_trajectory_and_is_in_no_mean():
    outcome = judge(group(FIRST, LOST), ORIGIN)
    (one,) = outcome.trajectories
    assert outcome.dropped == 1
    assert one.group.reward_mean == one.reward.total
    assert outcome.verdicts == {"PASSED": 2, "INTERNAL": 1}


def test_episodes_are_counted_by_their_edits():
    members = [REPAIRED, FIRST, FAILED, LOST]
    random.Random(1).shuffle(members)
    outcome = judge(group(*members), ORIGIN)
    assert outcome.edits == {1: 3, 2: 2, 3: 1}
    assert {edit: count for edit, count in outcome.solved_at.items() if count} == {1: 1, 3: 1}
    assert outcome.solved == 2
