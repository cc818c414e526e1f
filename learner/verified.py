"""Verified rows: an archive of the programs that passed, for self-imitation.

Source: self-imitation learning (https://arxiv.org/abs/1806.05635).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learner.objective import RowKind
from learner.rollouts import RolloutRows
from learner.rows import Program, Row
from policy.drafts import PASSED
from replay.v1.trajectory_pb2 import Edit, Trajectory


@dataclass(frozen=True)
class _Kept:
    """A verified program: the part of its trajectory that it is made of, and its row."""

    origin: Mapping[str, Any]
    row: Row


class VerifiedRows:
    """For each task its shortest verified programs, all different, drawn by task.

    Everything is bounded by the number of tasks. What the next draw depends on is in `state()`.
    """

    def __init__(self, rollouts: RolloutRows, *, per_task: int, seed: int) -> None:
        self._rollouts = rollouts
        self._per_task = per_task
        self._seed = seed
        self._drawn = 0
        self._kept: dict[str, list[_Kept]] = {}

    def __len__(self) -> int:
        return sum(len(kept) for kept in self._kept.values())

    def add(self, trajectories: Sequence[Trajectory], rows: Sequence[Sequence[Row]]) -> None:
        """Keep the last programs that passed; `rows` are the trajectories' rows."""
        for trajectory, edits in zip(trajectories, rows, strict=True):
            if edits[-1].solved:
                self._add(_origin(trajectory), edits[-1].program)

    def programs(self, task_json: str) -> list[Program]:
        """Return what is kept of a task, the shortest first."""
        return [one.row.program for one in self._kept.get(task_json, ())]

    def _add(self, origin: Mapping[str, Any], program: Program) -> None:
        task_json = str(origin["task_json"])
        kept = self._kept.setdefault(task_json, [])
        if all(origin["actions"] != other.origin["actions"] for other in kept):
            # Whatever draft led to it: it is taught as a whole.
            spec = self._rollouts.spec(task_json)
            kept.append(_Kept(origin, Row(spec, program, RowKind.VERIFIED, solved=True)))
            kept.sort(key=lambda one: len(one.row.program.actions))
            del kept[self._per_task :]

    def draw(self, number: int) -> list[Row]:
        """Take rows of `number` different tasks, or of all where there are fewer."""
        chance = random.Random(f"{self._seed}/verified/{self._drawn}")
        self._drawn += 1
        tasks = chance.sample(list(self._kept), min(number, len(self._kept)))
        return [chance.choice(self._kept[task]).row for task in tasks]

    def state(self) -> dict[str, object]:
        """Return everything, as JSON."""
        programs = [dict(one.origin) for kept in self._kept.values() for one in kept]
        return {"drawn": self._drawn, "programs": programs}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take what `state` gave; raises TrajectoryError where this grammar can't replay it."""
        self._kept.clear()
        trajectories = [_trajectory(origin) for origin in state["programs"]]
        self.add(trajectories, self._rollouts.rows(trajectories))
        self._drawn = state["drawn"]


def _origin(trajectory: Trajectory) -> dict[str, Any]:
    return {
        "task_json": trajectory.task_json,
        "grammar_version": trajectory.grammar_version,
        "profile": trajectory.profile,
        "max_actions": trajectory.max_actions,
        "actions": list(trajectory.edits[-1].actions),
    }


def _trajectory(origin: Mapping[str, Any]) -> Trajectory:
    fields = {name: value for name, value in origin.items() if name != "actions"}
    unknown = [0.0] * len(origin["actions"])
    edit = Edit(actions=origin["actions"], behaviour_logprobs=unknown, verdict=PASSED)
    return Trajectory(id="archived", temperature=1.0, edits=[edit], **fields)
