"""Rollout rows are what the actor sampled; verified ones are kept, shortest first."""

import json

import pytest

from learner.objective import RowKind
from learner.rollouts import RolloutRows, TrajectoryError
from learner.verified import VerifiedRows
from replay.v1.trajectory_pb2 import Trajectory
from tests.unit.learner import samples


def make() -> RolloutRows:
    return RolloutRows(samples.MODEL.spec)


def test_a_row_holds_its_trajectory():
    given = samples.trajectories()
    for one, row in zip(given, make().rows(given), strict=True):
        edit = one.edits[0]
        assert row.kind == RowKind.ROLLOUT
        assert row.program.actions.tolist() == list(edit.actions)
        assert row.behaviour_logprobs is not None
        assert row.behaviour_logprobs.tolist() == list(edit.behaviour_logprobs)
        assert row.solved == (edit.verdict == "PASSED")
        assert (row.reward, row.temperature) == (one.reward.total, 0.9)
        assert (row.group_mean, row.group_std) == (0.4, 0.3)
        assert row.policy_version == 2


def test_a_task_is_encoded_once():
    given = samples.trajectories()
    rows = make().rows(given)
    assert len({id(row.spec) for row in rows}) == len({one.task_json for one in given})


def test_several_limits_in_one_batch():
    given = [copy(one) for one in samples.trajectories()]
    for at, one in enumerate(given):
        one.max_actions += at % 3
    rows = make().rows(given)
    assert [row.program.actions.tolist() for row in rows] == [
        list(one.edits[0].actions) for one in given
    ]


def copy(trajectory: Trajectory) -> Trajectory:
    other = Trajectory()
    other.CopyFrom(trajectory)
    return other


def test_another_grammar_is_refused():
    one = copy(samples.trajectories()[0])
    one.grammar_version = "another"
    with pytest.raises(TrajectoryError, match="trajectory 0 of actor test is in grammar another"):
        make().rows([one])


def test_actions_that_are_not_legal_are_refused():
    one = copy(samples.trajectories()[0])
    one.edits[0].actions[0] = 0
    with pytest.raises(TrajectoryError, match="holds actions that profile core does not allow"):
        make().rows([one])


def test_several_edits_are_refused():
    one = copy(samples.trajectories()[0])
    one.edits.append(one.edits[0])
    with pytest.raises(TrajectoryError, match="has 2 edits"):
        make().rows([one])


def archive(per_task: int = 2) -> VerifiedRows:
    found = VerifiedRows(make(), per_task=per_task, seed=3)
    given = samples.trajectories()
    found.add(given, make().rows(given))
    return found


def test_only_what_passed_is_kept():
    passed = {
        tuple(one.edits[0].actions)
        for one in samples.trajectories()
        if one.edits[0].verdict == "PASSED"
    }
    found = archive(per_task=9)
    rows = [row for _ in range(30) for row in found.draw(99)]
    assert {tuple(row.program.actions.tolist()) for row in rows} <= passed
    assert {row.kind for row in rows} == {RowKind.VERIFIED}
    assert all(row.solved for row in rows)


def test_a_draw_has_different_tasks():
    found = archive()
    rows = found.draw(99)
    assert len({id(row.spec) for row in rows}) == len(rows) > 1
    assert len(found.draw(1)) == 1


def test_the_shortest_different_programs_stay():
    given = [one for one in samples.trajectories() if one.edits[0].verdict == "PASSED"]
    one_task = [copy(one) for one in given]
    for one in one_task:
        one.task_json = given[0].task_json
        one.edits[0].actions[:] = given[0].edits[0].actions
    found = VerifiedRows(make(), per_task=1, seed=0)
    found.add(one_task, make().rows(one_task))
    assert len(found) == 1  # equal programs are one
    by_task: dict[str, list[int]] = {}
    for one in given:
        by_task.setdefault(one.task_json, []).append(len(one.edits[0].actions))
    kept = archive(per_task=1)
    lengths = sorted(len(row.program.actions) for row in kept.draw(99))
    assert lengths == sorted(min(all_) for all_ in by_task.values())


def test_an_archive_goes_on_where_a_state_was_taken():
    found = archive()
    found.draw(2)
    state = json.loads(json.dumps(found.state()))
    expected = [row.program.actions.tolist() for _ in range(5) for row in found.draw(2)]
    again = VerifiedRows(make(), per_task=2, seed=3)
    again.load_state(state)
    assert len(again) == len(found)
    drawn = [row for _ in range(5) for row in again.draw(2)]
    assert [row.program.actions.tolist() for row in drawn] == expected


def test_an_empty_archive_draws_nothing():
    assert VerifiedRows(make(), per_task=1, seed=0).draw(4) == []
