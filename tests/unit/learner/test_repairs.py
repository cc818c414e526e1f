"""A repair leads from a failing program to one that is right, and writes no more than it must."""

import json
from functools import cache

import pytest

from learner.objective import RowKind
from learner.repairs import RepairRows
from learner.rollouts import RolloutRows, read_feedback
from learner.rows import Row
from learner.supervised import normal_reference
from policy import spec
from policy.drafts import Draft
from policy.grammar import codec
from policy.spec_tokens import Ids, Kind
from policy.subtrees import first_action, smallest_edit
from replay.v1.trajectory_pb2 import Trajectory
from tests.unit.learner import samples

ROLLOUTS = RolloutRows(samples.MODEL.spec)


def failures() -> dict[str, list[Draft]]:
    """What `samples.repairs` keeps, by task."""
    found: dict[str, list[Draft]] = {}
    for one in samples.episodes():
        for edit in one.edits:
            if edit.feedback:
                draft = Draft(tuple(edit.actions), read_feedback(edit.feedback))
                found.setdefault(one.task_json, []).append(draft)
    return found


@cache
def targets(task_json: str) -> set[tuple[int, ...]]:
    """A task's reference and its verified programs."""
    encoded = ROLLOUTS.spec(task_json)
    reference = normal_reference(ROLLOUTS.task(task_json))
    found = samples.archive(ROLLOUTS).programs(task_json)
    return {
        tuple(codec.encode(reference, encoded.names, encoded.root)),
        *(tuple(one.actions.tolist()) for one in found),
    }


def drawn(rows: RepairRows, times: int = 20) -> list[Row]:
    return [row for _ in range(times) for row in rows.draw(4)]


def test_repairs_lead_from_what_failed_to_what_is_right():
    read = {
        spec.encode(ROLLOUTS.task(task), samples.MODEL.spec, draft).ids.tobytes(): (task, draft)
        for task, drafts in failures().items()
        for draft in drafts
    }
    repaired = set()
    for row in drawn(samples.repairs()):
        found = read.get(row.spec.ids.tobytes())
        if found is None:
            continue  # a corrupted reference
        task, draft = found
        repaired.add(draft)
        new = tuple(row.program.actions.tolist())
        assert new in targets(task)
        begin, end = first_action(row.node), first_action(row.node) + len(row.taught)
        assert row.taught.tolist() == list(range(begin, end))
        assert new[:begin] == draft.actions[:begin]
        kept = len(new) - end
        assert kept == 0 or new[-kept:] == draft.actions[-kept:]
        edits = [smallest_edit(draft.actions, one, row.spec.root) for one in targets(task)]
        least = min(edit.new_end - edit.begin for edit in edits if edit is not None)
        assert len(row.taught) == least
    assert len(repaired) > 3


def test_repairs_are_imitated():
    for row in drawn(samples.repairs(), times=3):
        assert (row.kind, row.solved) == (RowKind.REPAIR, True)
        assert row.behaviour_logprobs is None
        assert row.node >= 0


def test_repairs_go_on_where_a_state_was_taken():
    found = samples.repairs()
    found.draw(3)
    state = json.loads(json.dumps(found.state()))
    expected = [row.program.actions.tolist() for row in drawn(found, times=5)]
    again = samples.repairs()
    again.load_state(state)
    assert [row.program.actions.tolist() for row in drawn(again, times=5)] == expected


def test_the_newest_different_failures_of_a_task_are_kept():
    (first, *_) = (one for one in samples.episodes() if len(one.edits) > 1)
    many = []
    for length in range(7):
        one = Trajectory()
        one.CopyFrom(first)
        del one.edits[1:]
        one.edits[0].feedback[0].actual_json = str(length // 2)
        many.append(one)
    found = samples.repairs()
    found.add(many)
    state = found.state()["failures"]
    assert isinstance(state, dict)
    assert [one["feedback"][0][1] for one in state[first.task_json]] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("number", [1, 2, 5])
def test_no_more_rows_than_asked_for(number: int):
    assert len(samples.repairs().draw(number)) <= number


def test_corrupted_references_are_edited_back():
    rows = [row for row in drawn(samples.repairs(), times=8) if not _feedback(row)]
    assert len(rows) >= 8
    references = {tuple(row.program.actions.tolist()) for row in samples.references().every()}
    for row in rows:
        assert tuple(row.program.actions.tolist()) in references
        assert len(row.taught) > 0


def _feedback(row: Row) -> bool:
    return bool((row.spec.ids[:, Ids._fields.index("kind")] == Kind.FEEDBACK).any())
