"""Rollout rows are what the actor sampled; verified ones are kept, shortest first."""

import json
import math
from collections.abc import Callable

import pytest

from learner.objective import RowKind
from learner.rollouts import RolloutRows, TrajectoryError, read_feedback
from learner.verified import VerifiedRows
from policy import spec
from policy.drafts import NO_VALUE, Draft
from policy.subtrees import first_action, subtrees
from replay.v1.trajectory_pb2 import Edit, Feedback, Trajectory
from tests.unit.learner import samples


def make() -> RolloutRows:
    return RolloutRows(samples.MODEL.spec)


def test_a_row_holds_its_trajectory():
    given = samples.trajectories()
    for one, (row,) in zip(given, make().rows(given), strict=True):
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
    rows = [row for (row,) in make().rows(given)]
    assert len({id(row.spec) for row in rows}) == len({one.task_json for one in given})


def test_several_limits_in_one_batch():
    given = [copy(one) for one in samples.trajectories()]
    for at, one in enumerate(given):
        one.max_actions += at % 3
    rows = [row for (row,) in make().rows(given)]
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


def test_an_edit_is_a_row_that_reads_its_draft():
    rollouts = make()
    for one, rows in zip(samples.episodes(), rollouts.rows(samples.episodes()), strict=True):
        assert len(rows) == len(one.edits)
        assert rows[0].spec is rollouts.spec(one.task_json)
        assert rows[0].node == -1
        assert rows[0].taught.tolist() == list(range(len(one.edits[0].actions)))
        for row, edit, before in zip(rows[1:], one.edits[1:], one.edits, strict=False):
            draft = Draft(tuple(before.actions), read_feedback(before.feedback))
            expected = spec.encode(rollouts.task(one.task_json), samples.MODEL.spec, draft)
            assert row.spec.ids.tolist() == expected.ids.tolist()
            assert len(row.spec.ids) > len(rows[0].spec.ids)
            assert row.program.actions.tolist() == list(edit.actions)
            assert row.behaviour_logprobs is not None
            assert len(row.behaviour_logprobs) == len(row.taught)
            assert row.taught.tolist() == list(edit.drawn)
            tree = subtrees(tuple(before.actions), row.spec.root)
            assert tree.pointers[row.node] == edit.node_pointer
            assert first_action(row.node) == edit.drawn[0]
            assert row.node_logprob == edit.pointer_logprob
            assert row.policy_version == edit.policy_version
        assert {row.reward for row in rows} == {one.reward.total}


def test_every_program_is_a_draft_that_is_judged():
    rollouts, given = make(), samples.episodes()
    edits = rollouts.rows(given)
    pairs = [pair for one, rows in zip(given, edits, strict=True)
             for pair in zip([one] * len(rows), one.edits, rows, strict=True)]  # fmt: skip
    for (one, edit, row), found in zip(pairs, rollouts.drafts(given, edits), strict=True):
        draft = Draft(tuple(edit.actions), read_feedback(edit.feedback))
        expected = spec.encode(rollouts.task(one.task_json), samples.MODEL.spec, draft)
        assert found.spec.ids.tolist() == expected.ids.tolist()
        assert found.kind == RowKind.DRAFT
        assert found.solved == (edit.verdict == "PASSED")
        assert found.continue_value == row.continue_value
        # Where an edit of it would begin, and nothing that was chosen.
        assert found.program.features.tolist() == row.program.features[:1].tolist()
        assert len(found.taught) == 0
        assert found.node == -1


def test_a_draft_shares_the_spec_of_its_edit():
    rollouts, given = make(), samples.episodes()
    edits = rollouts.rows(given)
    found = iter(rollouts.drafts(given, edits))
    for rows in edits:
        drafts = [next(found) for _ in rows]
        assert [one.spec for one in drafts[:-1]] == [row.spec for row in rows[1:]]


def test_values_that_programs_gave_are_read_back():
    said = [
        Feedback(verdict="WRONG_ANSWER", actual_json='{"$py":"(1, {2})"}'),
        Feedback(verdict="WRONG_ANSWER", actual_json="null"),
        Feedback(verdict="TIME_LIMIT"),
    ]
    assert [one.actual for one in read_feedback(said)] == [(1, {2}), None, NO_VALUE]


@pytest.mark.parametrize(
    ("verdicts", "go_on", "expected"),
    [
        (["PASSED"], [0.0], [-1.0]),
        (["WRONG_ANSWER", "PASSED"], [0.0, 0.0], [1.0, -1.0]),
        (["WRONG_ANSWER", "WRONG_ANSWER"], [0.0, 9.0], [0.0, -1.0]),
        (["RUNTIME_ERROR", "WRONG_ANSWER", "PASSED"], [3.0, math.log(3), 0.0], [0.75, 1.0, -1.0]),
        (["RUNTIME_ERROR", "PASSED", "WRONG_ANSWER"], [0.0, 0.0, 0.0], [1.0, 0.0, -1.0]),
    ],
)
def test_later_edits_say_what_going_on_was_worth(
    verdicts: list[str], go_on: list[float], expected: list[float]
):
    one = copy(next(one for one in samples.episodes() if len(one.edits) == 3))
    del one.edits[len(verdicts) :]
    for edit, verdict, value in zip(one.edits, verdicts, go_on, strict=True):
        edit.verdict, edit.q_continue = verdict, value
    (rows,) = make().rows([one])
    assert [row.continue_value for row in rows] == pytest.approx(expected)


def test_an_episode_begins_with_a_whole_program():
    one = copy(next(one for one in samples.episodes() if len(one.edits) > 1))
    one.edits[0].drawn.append(0)
    with pytest.raises(TrajectoryError, match=r"trajectory .* does not begin with a whole"):
        make().rows([one])


def test_an_edit_is_at_a_node_of_the_program_before():
    one = copy(next(one for one in samples.episodes() if len(one.edits) > 1))
    one.edits[1].node_pointer = "/body/77"
    with pytest.raises(TrajectoryError, match=r"trajectory .*: the program has no node '/body/77"):
        make().rows([one])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda edit: edit.behaviour_logprobs.append(-1.0),
        lambda edit: edit.drawn.__setitem__(-1, len(edit.actions)),
        lambda edit: edit.drawn.__setitem__(0, edit.drawn[-1]),
    ],
    ids=["one too many", "outside", "out of order"],
)
def test_log_probabilities_belong_to_drawn_actions(wrong: Callable[[Edit], None]):
    one = copy(next(one for one in samples.episodes() if len(one.edits) > 1))
    wrong(one.edits[1])
    with pytest.raises(TrajectoryError, match=r"behaviour log-probabilities for \d+ drawn actions"):
        make().rows([one])


def archive(per_task: int = 2) -> VerifiedRows:
    return samples.archive(make(), per_task)


def test_what_an_edit_led_to_is_kept_as_a_whole_program():
    given = [copy(one) for one in samples.episodes() if len(one.edits) > 1]
    for one in given:
        one.edits[-1].verdict = "PASSED"
    rollouts = make()
    found = VerifiedRows(rollouts, per_task=9, seed=3)
    found.add(given, rollouts.rows(given))
    passed = {tuple(one.edits[-1].actions) for one in given}
    rows = [row for _ in range(30) for row in found.draw(99)]
    assert {tuple(row.program.actions.tolist()) for row in rows} == passed
    assert all(len(row.taught) == len(row.program.actions) for row in rows)
    assert {id(row.spec) for row in rows} == {id(rollouts.spec(one.task_json)) for one in given}


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
        one.edits[0].CopyFrom(given[0].edits[0])
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
