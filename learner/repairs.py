"""Repair rows: failing programs, each with the edit that makes it right.

Programs that actors saw fail, with what the visible examples said of them, are edited to the
nearest of the task's verified programs and its reference. References that were corrupted, which
nobody ran, are edited back (https://arxiv.org/abs/2405.20519).
"""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from learner.objective import RowKind
from learner.rollouts import RolloutRows, read_feedback
from learner.rows import Program, Replay, Row
from learner.supervised import normal_reference
from learner.verified import VerifiedRows
from policy.corruption import corrupt
from policy.drafts import PASSED, Draft
from policy.grammar import PROFILES, CodecError, Root, codec
from policy.subtrees import smallest_edit
from replay.v1.trajectory_pb2 import Edit, Feedback, Trajectory
from tasks.schema import Task

_PER_TASK = 4
"""Failing programs kept for a task, the newest."""


class RepairRows:
    """Draws repairs. What the next draw depends on, besides `verified`, is in `state()`.

    `tasks` are those whose references are corrupted; programs are taught under `profile` and up to
    `max_actions` actions.
    """

    def __init__(
        self,
        rollouts: RolloutRows,
        verified: VerifiedRows,
        tasks: Sequence[Task],
        *,
        profile: str,
        max_actions: int,
        seed: int,
    ) -> None:
        self._rollouts, self._verified = rollouts, verified
        self._tasks = [_text(task) for task in tasks if task.reference is not None]
        self._profile, self._max_actions = profile, max_actions
        self._seed = seed
        self._drawn = 0
        self._failures: dict[str, list[dict[str, Any]]] = {}
        self._references: dict[str, Program | None] = {}

    def add(self, trajectories: Sequence[Trajectory]) -> None:
        """Keep the programs that the visible examples say are wrong."""
        for trajectory in trajectories:
            for edit in trajectory.edits:
                if any(one.verdict != PASSED for one in edit.feedback):
                    self._keep(trajectory.task_json, edit)

    def _keep(self, task_json: str, edit: Edit) -> None:
        kept = self._failures.setdefault(task_json, [])
        failure = {
            "actions": list(edit.actions),
            "feedback": [[one.verdict, one.actual_json] for one in edit.feedback],
        }
        if failure not in kept:
            kept.append(failure)
            del kept[:-_PER_TASK]

    def draw(self, number: int) -> list[Row]:
        """Take half of `number` rows from failed programs, the rest from corrupted references.

        There are fewer where tasks have nothing to be edited to.
        """
        chance = random.Random(f"{self._seed}/repairs/{self._drawn}")
        self._drawn += 1
        failed = chance.sample(list(self._failures), min(number // 2, len(self._failures)))
        rows = [self._repair(task, chance.choice(self._failures[task])) for task in failed]
        rows += self._restored(number - len(failed), chance)
        return [row for row in rows if row is not None]

    def state(self) -> dict[str, object]:
        """Return everything, as JSON."""
        return {"drawn": self._drawn, "failures": self._failures}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take what `state` gave."""
        self._drawn = state["drawn"]
        self._failures = {task: list(kept) for task, kept in state["failures"].items()}

    def _repair(self, task_json: str, failure: Mapping[str, Any]) -> Row | None:
        said = [
            Feedback(verdict=verdict, actual_json=text) for verdict, text in failure["feedback"]
        ]
        draft = Draft(tuple(failure["actions"]), read_feedback(said))
        reference = self._reference(task_json)
        targets = [*self._verified.programs(task_json), *([reference] if reference else [])]
        return self._row(task_json, draft, targets)

    def _restored(self, number: int, chance: random.Random) -> list[Row | None]:
        """Corrupt references of `number` tasks, and edit them back."""
        tasks = chance.sample(self._tasks, min(number, len(self._tasks)))
        known = [(one, program) for one in tasks if (program := self._reference(one))]
        rows: list[Row | None] = []
        for root in Root:
            chosen = [pair for pair in known if self._rollouts.spec(pair[0]).root is root]
            wrong = corrupt(
                [tuple(program.actions.tolist()) for _, program in chosen],
                [self._rollouts.spec(task).context for task, _ in chosen],
                root,
                profile=PROFILES[self._profile],
                max_actions=self._max_actions,
                rng=chance,
            )
            rows += [
                self._row(task, Draft(actions), [right])
                for (task, right), actions in zip(chosen, wrong, strict=True)
                if actions is not None
            ]
        return rows

    def _row(self, task_json: str, draft: Draft, targets: Sequence[Program]) -> Row | None:
        """Edit a draft to the target that takes least writing; None where it is one of them."""
        root = self._rollouts.spec(task_json).root
        edits = [
            (edit, target)
            for target in targets
            if (edit := smallest_edit(draft.actions, tuple(target.actions.tolist()), root))
        ]
        if not edits or len(edits) < len(targets):
            return None
        edit, target = min(edits, key=lambda pair: pair[0].new_end - pair[0].begin)
        if edit.node > self._rollouts.config.max_program_tokens:
            return None  # the policy does not see that far
        return Row(
            spec=self._rollouts.draft_spec(task_json, draft),
            program=target,
            kind=RowKind.REPAIR,
            solved=True,
            drawn=np.arange(edit.begin, edit.new_end),
            node=edit.node,
        )

    def _reference(self, task_json: str) -> Program | None:
        """Return a task's reference; None where there is none that the profile can express."""
        if task_json not in self._references:
            self._references[task_json] = self._encode(task_json)
        return self._references[task_json]

    def _encode(self, task_json: str) -> Program | None:
        task, encoded = self._rollouts.task(task_json), self._rollouts.spec(task_json)
        if task.reference is None:
            return None
        try:
            actions = codec.encode(normal_reference(task), encoded.names, encoded.root)
        except (SyntaxError, CodecError):
            return None
        if len(actions) > self._max_actions:
            return None
        rules = Replay(self._profile, encoded.root, self._max_actions)
        (program,) = rules.programs([encoded.context], [actions])
        return program


def _text(task: Task) -> str:
    """A task as the actors write it into trajectories."""
    return json.dumps(task.to_json(), ensure_ascii=False, separators=(",", ":"))
