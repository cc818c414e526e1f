"""Which training tasks to try next: uniform at first, then more of those solved some of the time.

A task that is always solved or never solved teaches little: with a group baseline every sample of
it has the same reward. So a part of the draws (`focus`) weighs tasks by p (1 - p), where p is the
solve rate, smoothed by `prior` imagined attempts of which half succeeded; the rest stays uniform,
so that no task is forgotten.
"""

from collections.abc import Mapping, Sequence
from random import Random

from tasks.config import CurriculumConfig
from tasks.schema import Task


class Curriculum:
    """Draws training tasks; holds attempts and solutions of each, never a generator of its own."""

    def __init__(self, tasks: Sequence[Task], config: CurriculumConfig) -> None:
        """Group tasks by stage.

        Raises:
            ValueError: no task, two of one id, a weight for a stage without tasks, no weight left.

        """
        self._config = config
        self._stages: dict[str, list[Task]] = {}
        for task in tasks:
            self._stages.setdefault(task.stage, []).append(task)
        self._attempts = {task.id: 0.0 for task in tasks}
        self._solved = {task.id: 0.0 for task in tasks}
        if len(self._attempts) < len(tasks):
            raise ValueError("the training tasks hold one id twice")
        for stage in config.stage_weights:
            if stage not in self._stages:
                raise ValueError(
                    f"tasks.curriculum.stage_weights: no training task is of stage {stage!r}; "
                    f"there are: {', '.join(self._stages) or 'none'}"
                )
        self._weights = [config.stage_weights.get(stage, 1.0) for stage in self._stages]
        if sum(self._weights) <= 0:
            raise ValueError("tasks.curriculum.stage_weights: no stage has a weight above 0")

    def draw(self, count: int, rng: Random) -> list[Task]:
        """Draw tasks, with replacement; equal states and generators draw equal tasks."""
        stages = rng.choices(list(self._stages), self._weights, k=count)
        wanted = {stage: stages.count(stage) for stage in self._stages}
        drawn = {
            stage: iter(self._draw_from(tasks, wanted[stage], rng))
            for stage, tasks in self._stages.items()
            if wanted[stage]
        }
        return [next(drawn[stage]) for stage in stages]

    def record(self, task_id: str, attempts: int, solved: int) -> None:
        """Note a group of attempts at a task; earlier ones count `decay` times as much as before.

        Raises:
            ValueError: `solved` is not between 0 and `attempts`, or no training task has that id.

        """
        if not 0 <= solved <= attempts:
            raise ValueError(f"{solved} of {attempts} attempts at {task_id} can't be solved")
        if task_id not in self._attempts:
            raise ValueError(f"no training task has the id {task_id!r}")
        self._attempts[task_id] = self._attempts[task_id] * self._config.decay + attempts
        self._solved[task_id] = self._solved[task_id] * self._config.decay + solved

    def solve_rate(self, task_id: str) -> float:
        """Return the smoothed share of attempts at a task that solved it; 0.5 before the first."""
        prior = self._config.prior
        return (self._solved[task_id] + prior / 2) / (self._attempts[task_id] + prior)

    def state(self) -> dict[str, list[float]]:
        """Return [attempts, solved] of each task that was tried, as JSON."""
        return {
            task_id: [attempts, self._solved[task_id]]
            for task_id, attempts in self._attempts.items()
            if attempts
        }

    def restore(self, state: Mapping[str, Sequence[float]]) -> None:
        """Take over what `state` returned.

        Raises:
            ValueError: it holds a task that is not trained on here; nothing has changed then.

        """
        for task_id in state:
            if task_id not in self._attempts:
                raise ValueError(f"curriculum: {task_id!r} of the saved state is not trained on")
        for task_id in self._attempts:
            self._attempts[task_id], self._solved[task_id] = state.get(task_id, (0.0, 0.0))

    def _draw_from(self, tasks: list[Task], count: int, rng: Random) -> list[Task]:
        rates = [self.solve_rate(task.id) for task in tasks]
        focus = [rate * (1 - rate) for rate in rates]
        scale = self._config.focus / sum(focus)
        uniform = (1 - self._config.focus) / len(tasks)
        return rng.choices(tasks, [uniform + scale * weight for weight in focus], k=count)
