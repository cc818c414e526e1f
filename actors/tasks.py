"""The tasks that an actor draws, encoded once each."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from actors.settings import ActorSettings
from policy import spec
from policy.spec import Spec, SpecError
from tasks import sources
from tasks.curriculum import Curriculum
from tasks.schema import Task

log = logging.getLogger(__name__)

# An encoded task is some tens of kilobytes.
_CACHED_TASKS = 2048
_PARTS = ("attempts", "solved")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One task, as the policy reads it and as its trajectories carry it."""

    task: Task
    task_json: str
    spec: Spec


class TaskSource:
    """Draws training tasks by the curriculum; the same tasks in every actor, in another order."""

    def __init__(self, settings: ActorSettings, rng: random.Random) -> None:
        """Build the task sets.

        Raises:
            ValueError: no training task has tests, or the config names a source that there isn't.

        """
        stages = settings.actors.stages
        tasks = [
            task
            for task in sources.build(settings.tasks).train
            if (task.tests or task.test_code is not None) and (not stages or task.stage in stages)
        ]
        if not tasks:
            raise ValueError(
                "tasks.sources: no training task has tests, so there is nothing to reward"
                + (f" (actors.stages: {', '.join(stages)})" if stages else "")
            )
        self._curriculum = Curriculum(tasks, settings.tasks.curriculum)
        self._rng = rng
        self._unreadable: set[str] = set()
        self._changed: set[str] = set()
        self._ids = {task.id for task in tasks}
        by_id = {task.id: task for task in tasks}

        @lru_cache(maxsize=_CACHED_TASKS)
        def read(task_id: str) -> Drawn:
            task = by_id[task_id]
            text = json.dumps(task.to_json(), ensure_ascii=False, separators=(",", ":"))
            return Drawn(task, text, spec.encode(task, settings.model.spec))

        self._read = read

    def draw(self, count: int) -> list[Drawn]:
        """Draw tasks; one that the policy can't be shown is passed over, and said once."""
        drawn: list[Drawn] = []
        for task in self._curriculum.draw(count, self._rng):
            try:
                drawn.append(self._read(task.id))
            except SpecError as error:
                if task.id not in self._unreadable:
                    log.warning("never drawn: %s", error)
                self._unreadable.add(task.id)
        return drawn

    def record(self, task: Task, attempts: int, solved: int) -> None:
        """Tell the curriculum how a group of samples did."""
        self._curriculum.record(task.id, attempts, solved)
        self._changed.add(task.id)

    def changes(self) -> dict[str, float]:
        """Return what the curriculum knows of the tasks recorded since the last call."""
        state = self._curriculum.state()
        changed = {task_id: state[task_id] for task_id in self._changed if task_id in state}
        self._changed.clear()
        return {
            f"{part}:{task_id}": number
            for task_id, pair in changed.items()
            for part, number in zip(_PARTS, pair, strict=True)
        }

    def restore(self, numbers: Mapping[str, float]) -> None:
        """Take over what `changes` returned, all calls together; tasks that are gone are left."""
        known: dict[str, list[float]] = {}
        for name, number in numbers.items():
            part, _, task_id = name.partition(":")
            if task_id in self._ids:
                known.setdefault(task_id, [0.0, 0.0])[_PARTS.index(part)] = number
        self._curriculum.restore(known)
