"""Rollout rows: what actors sampled, as rows to train on, one for each edit of an episode."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from learner.objective import RowKind
from learner.rows import Program, Replay, Row
from policy import spec
from policy.config import SpecConfig
from policy.drafts import NO_VALUE, PASSED, Draft, Feedback
from policy.grammar import GRAMMAR
from policy.judging import sigmoid
from policy.spec import Spec
from policy.subtrees import subtrees
from replay.v1.trajectory_pb2 import Edit, Trajectory
from replay.v1.trajectory_pb2 import Feedback as WireFeedback
from tasks import values
from tasks.schema import Task

_CACHED_TASKS = 4096


class TrajectoryError(ValueError):
    """A trajectory that can't be trained on: of another grammar, or not legal under this one."""


@dataclass(frozen=True, eq=False)
class _Step:
    """One edit of an episode, as the policy read it."""

    trajectory: Trajectory
    at: int
    spec: Spec
    node: int

    @property
    def edit(self) -> Edit:
        return self.trajectory.edits[self.at]

    @property
    def rule(self) -> Replay:
        return Replay(self.trajectory.profile, self.spec.root, self.trajectory.max_actions)


class RolloutRows:
    """Turns trajectories into rows; a task is encoded once for all programs without a draft."""

    def __init__(self, config: SpecConfig) -> None:
        self.config = config

        @lru_cache(maxsize=_CACHED_TASKS)
        def task(task_json: str) -> Task:
            return Task.from_json(json.loads(task_json))

        @lru_cache(maxsize=_CACHED_TASKS)
        def encode(task_json: str) -> Spec:
            return spec.encode(task(task_json), config)

        self.task = task
        """Reads a trajectory's task."""
        self.spec = encode
        """Encodes a trajectory's task, without a draft."""

    def draft_spec(self, task_json: str, draft: Draft) -> Spec:
        """Encode a task with a program of it. Raises SpecError where that is none."""
        return spec.encode(self.task(task_json), self.config, draft)

    def rows(self, trajectories: Sequence[Trajectory]) -> list[list[Row]]:
        """Return each trajectory's rows, one an edit, in order.

        Raises TrajectoryError where one was sampled with another grammar, or where its actions are
        not legal under this one.
        """
        steps = [step for one in trajectories for step in self._steps(one)]
        programs: dict[int, Program | None] = {}
        for rule in {step.rule for step in steps}:
            chosen = [at for at, step in enumerate(steps) if step.rule == rule]
            found = rule.programs(
                [steps[at].spec.context for at in chosen],
                [list(steps[at].edit.actions) for at in chosen],
            )
            programs.update(zip(chosen, found, strict=True))
        made = iter([_row(step, programs[at]) for at, step in enumerate(steps)])
        return [[next(made) for _ in one.edits] for one in trajectories]

    def drafts(
        self, trajectories: Sequence[Trajectory], rows: Sequence[Sequence[Row]]
    ) -> list[Row]:
        """Return each program of the trajectories as the draft that it became when it was run.

        `rows` are those of the trajectories: an edit's spec holds the draft that it began from.
        """
        return [
            _draft_row(row, encoded)
            for trajectory, edits in zip(trajectories, rows, strict=True)
            for row, encoded in zip(edits, self._draft_specs(trajectory, edits), strict=True)
        ]

    def _draft_specs(self, trajectory: Trajectory, rows: Sequence[Row]) -> list[Spec]:
        last = self.draft_spec(trajectory.task_json, _draft(trajectory.edits[-1]))
        return [*(row.spec for row in rows[1:]), last]

    def _steps(self, trajectory: Trajectory) -> Iterable[_Step]:
        _check(trajectory)
        for at in range(len(trajectory.edits)):
            if at == 0:
                yield _Step(trajectory, at, self.spec(trajectory.task_json), node=-1)
            else:
                yield self._edit(trajectory, at)

    def _edit(self, trajectory: Trajectory, at: int) -> _Step:
        draft = _draft(trajectory.edits[at - 1])
        try:
            encoded = self.draft_spec(trajectory.task_json, draft)
            tree = subtrees(draft.actions, encoded.root)
            return _Step(trajectory, at, encoded, tree.node(trajectory.edits[at].node_pointer))
        except ValueError as error:
            raise TrajectoryError(f"{_name(trajectory)}: {error}") from error


def read_feedback(wire: Iterable[WireFeedback]) -> tuple[Feedback, ...]:
    """Read what the visible examples said of a program off a trajectory."""
    return tuple(
        Feedback(
            one.verdict,
            values.from_json(json.loads(one.actual_json)) if one.actual_json else NO_VALUE,
        )
        for one in wire
    )


def _draft(edit: Edit) -> Draft:
    return Draft(tuple(edit.actions), read_feedback(edit.feedback))


def _name(trajectory: Trajectory) -> str:
    return f"trajectory {trajectory.id} of actor {trajectory.actor}"


def _check(trajectory: Trajectory) -> None:
    if trajectory.grammar_version != GRAMMAR.version:
        raise TrajectoryError(
            f"{_name(trajectory)} is in grammar "
            f"{trajectory.grammar_version}, this learner has {GRAMMAR.version}: run actors and "
            "learner from the same code, with a replay buffer of their own"
        )
    if not trajectory.edits or len(_drawn(trajectory.edits[0])) < len(trajectory.edits[0].actions):
        raise TrajectoryError(f"{_name(trajectory)} does not begin with a whole program")
    for edit in trajectory.edits:
        drawn, last = _drawn(edit), len(edit.actions) - 1
        inside = len(drawn) > 0 and bool((np.diff(drawn, prepend=-1, append=last + 1) > 0).all())
        if not inside or len(edit.behaviour_logprobs) != len(drawn):
            raise TrajectoryError(
                f"{_name(trajectory)} has {len(edit.behaviour_logprobs)} behaviour "
                f"log-probabilities for {len(drawn)} drawn actions, positions 0 to {last}"
            )


def _drawn(edit: Edit) -> NDArray[np.int64]:
    return np.array(edit.drawn or range(len(edit.actions)), np.int64)


def _row(step: _Step, program: Program | None) -> Row:
    trajectory, edit = step.trajectory, step.edit
    if program is None:
        raise TrajectoryError(
            f"{_name(trajectory)} holds actions that profile "
            f"{trajectory.profile} does not allow: run actors and learner from the same code"
        )
    return Row(
        spec=step.spec,
        program=program,
        kind=RowKind.ROLLOUT,
        solved=_solved(edit),
        reward=trajectory.reward.total,
        group_mean=trajectory.group.reward_mean,
        group_std=trajectory.group.reward_std,
        temperature=trajectory.temperature,
        behaviour_logprobs=np.array(edit.behaviour_logprobs, np.float32),
        policy_version=edit.policy_version,
        drawn=_drawn(edit),
        node=step.node,
        node_logprob=edit.pointer_logprob,
        continue_value=_continue_value(trajectory.edits[step.at + 1 :]),
    )


def _draft_row(row: Row, encoded: Spec) -> Row:
    """Make the row of a program that was run: its first hole, where its next edit would begin."""
    return replace(
        row,
        spec=encoded,
        program=row.program.beginning(1),
        kind=RowKind.DRAFT,
        behaviour_logprobs=None,
        drawn=np.arange(0),
        node=-1,
        node_logprob=0.0,
    )


def _solved(edit: Edit) -> bool:
    return edit.verdict == PASSED


def _continue_value(later: Sequence[Edit]) -> float:
    """What the edits after one showed: -1 without any.

    The next edit ends the episode, or it is gone on from: the better of what its program was found
    to be worth and, where another edit follows, of what that was thought to be worth.
    """
    if not later:
        return -1.0
    outcome = float(_solved(later[0]))
    return outcome if len(later) == 1 else max(outcome, sigmoid(later[0].q_continue))
