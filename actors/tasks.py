"""The tasks that an actor draws, encoded once each."""

from __future__ import annotations

import json
import logging
import random
from dataclasses import dataclass
from functools import lru_cache

from tasks.curriculum import Curriculum

from actors.settings import ActorSettings
from policy import spec
from policy.spec import Spec, SpecError
from tasks import sources
from tasks.schema import Task

log = logging.getLogger(__name__)

# An encoded task is some tens of kilobytes.
_CACHED_TASKS = 2048


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
