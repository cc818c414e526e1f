"""Rollout rows: what actors sampled, as rows to train on."""

import json
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from learner.objective import RowKind
from learner.rows import Program, Replay, Row
from policy import spec
from policy.config import SpecConfig
from policy.grammar import GRAMMAR
from policy.spec import Spec
from replay.v1.trajectory_pb2 import Trajectory
from tasks.schema import Task

_CACHED_SPECS = 4096


class TrajectoryError(ValueError):
    """A trajectory that can't be trained on: of another grammar, or not legal under this one."""


class RolloutRows:
    """Turns trajectories into rows; a task is encoded once for all of its trajectories."""

    def __init__(self, config: SpecConfig) -> None:
        @lru_cache(maxsize=_CACHED_SPECS)
        def encode(task_json: str) -> Spec:
            return spec.encode(Task.from_json(json.loads(task_json)), config)

        self._encode = encode

    def rows(self, trajectories: Sequence[Trajectory]) -> list[Row]:
        """Return one row a trajectory, in order.

        Raises TrajectoryError where one was sampled with another grammar, or where its actions are
        not legal under this one.
        """
        for one in trajectories:
            _check(one)
        specs = [self._encode(one.task_json) for one in trajectories]
        rules = [
            Replay(one.profile, encoded.root, one.max_actions)
            for one, encoded in zip(trajectories, specs, strict=True)
        ]
        programs: dict[int, Program | None] = {}
        for rule in set(rules):
            chosen = [at for at, other in enumerate(rules) if other == rule]
            found = rule.programs(
                [specs[at].context for at in chosen],
                [list(trajectories[at].edits[0].actions) for at in chosen],
            )
            programs.update(zip(chosen, found, strict=True))
        return [
            _row(one, encoded, programs[at])
            for at, (one, encoded) in enumerate(zip(trajectories, specs, strict=True))
        ]


def _check(trajectory: Trajectory) -> None:
    if trajectory.grammar_version != GRAMMAR.version:
        raise TrajectoryError(
            f"trajectory {trajectory.id} of actor {trajectory.actor} is in grammar "
            f"{trajectory.grammar_version}, this learner has {GRAMMAR.version}: run actors and "
            "learner from the same code, with a replay buffer of their own"
        )
    if len(trajectory.edits) != 1 or trajectory.edits[0].node_pointer:
        raise TrajectoryError(
            f"trajectory {trajectory.id} has {len(trajectory.edits)} edits: only whole programs, "
            "one edit at the root, can be trained on"
        )


def _row(trajectory: Trajectory, encoded: Spec, program: Program | None) -> Row:
    (edit,) = trajectory.edits
    if program is None:
        raise TrajectoryError(
            f"trajectory {trajectory.id} of actor {trajectory.actor} holds actions that profile "
            f"{trajectory.profile} does not allow: run actors and learner from the same code"
        )
    return Row(
        spec=encoded,
        program=program,
        kind=RowKind.ROLLOUT,
        solved=edit.verdict == "PASSED",
        reward=trajectory.reward.total,
        group_mean=trajectory.group.reward_mean,
        group_std=trajectory.group.reward_std,
        temperature=trajectory.temperature,
        behaviour_logprobs=np.array(edit.behaviour_logprobs, np.float32),
        policy_version=edit.policy_version,
    )
