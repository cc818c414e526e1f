"""What the train loop asks of the rest of a run: weights out, evaluations, checkpoints, actors."""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from evaluation import run_folder
from evaluation.harness import evaluate
from evaluation.progress import Progress as EvaluationProgress
from evaluation.records import EvaluationResult, Phase, SampleRecord, Split
from learner import checkpoint
from learner.checkpoint import Checkpoint
from learner.loop import Progress
from learner.publish import publish
from learner.runfolder import RunFolder
from learner.supply import Supply
from learner.tally import ActorFigures
from policy.grammar import GRAMMAR
from policy.model import Policy
from policy.precision import arithmetic
from policy.text import VOCABULARY
from sandbox.errors import SandboxUnavailable
from sandbox.local import Reached
from tasks.schema import Task
from tasks.sources import TaskSets
from treewright.config import Config, to_plain
from treewright.parts import Parts

log = logging.getLogger(__name__)


class _StoppedError(Exception):
    """The user stops the run while an evaluation is under way."""


class LoopState(BaseModel):
    """What the loop adds to a checkpoint."""

    model_config = ConfigDict(extra="forbid", strict=True)

    seconds: float
    """Training time so far."""
    supply: dict[str, Any]
    """State of `learner.supply.Supply`."""


class RunServices:
    """Implements `learner.loop.Services` on the parts that a run is made of."""

    def __init__(
        self,
        config: Config,
        folder: RunFolder,
        tasks: TaskSets,
        made: Parts,
        supply: Supply,
        box: Reached,
        stop: threading.Event,
    ) -> None:
        self._config = config
        self._folder = folder
        self._backend = made.backend
        self._replay = made.replay
        self._pool = made.pool
        self._supply = supply
        self._box = box
        self._stop = stop
        self._policy = config.evaluation.prepared(Policy(config.model).eval())
        self._info = run_folder.read_info(folder.path)
        self._note_precision()
        self._splits: Mapping[Split, Sequence[Task]] = {
            "heldout": tasks.heldout,
            "heldout_families": tasks.heldout_families,
        }

    def publish(self, version: int, weights: Mapping[str, Tensor]) -> None:
        """Make weights the newest of the run."""
        publish(self._replay.weights, version, weights)

    def evaluate(
        self,
        weights: Mapping[str, Tensor],
        split: Split,
        phase: Phase,
        most_tasks: int,
        step: int,
    ) -> EvaluationResult | None:
        """Measure the policy on tasks spread over a split; None without tasks, or when stopped.

        Raises SandboxUnavailable where the sandbox is away; during training, which goes on without
        it, the evaluation is left out instead.
        """
        tasks = spread(self._splits[split], most_tasks)
        if not tasks:
            return None
        self._policy.load_state_dict(weights)
        try:
            result = evaluate(
                self._policy,
                tasks,
                self._box.client,
                self._config.evaluation,
                # The same draws at every evaluation: what changes between them is the policy.
                generator=torch.Generator().manual_seed(self._config.seed),
                on_progress=self._stop_if_asked,
            )
        except _StoppedError:
            return None
        except SandboxUnavailable as error:
            if phase != "during":
                raise
            log.warning("the evaluation of %s at step %d is left out: %s", split, step, error)
            return None
        self._keep_samples(result, tasks, step)
        return result

    def checkpoint(self, progress: Progress) -> None:
        """Save everything that training goes on from."""
        state = Checkpoint(
            learner=self._backend.state(),
            grammar_version=GRAMMAR.version,
            text_version=VOCABULARY.version,
            policy_version=progress.policy_version,
            config=to_plain(self._config),
            loop=LoopState(seconds=progress.seconds, supply=self._supply.state()).model_dump(),
        )
        checkpoint.save(self._folder.checkpoints, state, keep=self._config.learner.keep_checkpoints)

    def rollouts(self, running: bool) -> None:
        """Start or stop the actors."""
        if running:
            self._pool.start()
        else:
            self._pool.stop()

    def poll(self) -> ActorFigures:
        """Replace dead actors and take back what dead readers held; read what all counted.

        Raises SandboxUnavailable where the sandbox of this run's own has ended: it never comes
        back, so there is nothing to train with.
        """
        self._box.check()
        self._pool.poll()
        numbers = self._replay.counters.read()
        self._note_precision(_labelled(numbers, "precision:"))
        return ActorFigures(
            programs=numbers.get("programs", 0.0),
            verdicts=_labelled(numbers, "verdicts:"),
            edits=_labelled(numbers, "edits:"),
            solved_at=_labelled(numbers, "solved_at:"),
        )

    def _note_precision(self, sampled_in: Iterable[str] = ()) -> None:
        """Write into the run's record what its settings of precision have come to, where new."""
        precision = {
            "learner": str(self._backend.precision),
            "evaluation": arithmetic(self._policy),
        }
        if sampled_in:
            precision["actors"] = " and ".join(sorted(sampled_in))
        if self._info is not None and self._info.precision != precision:
            self._info = replace(self._info, precision=precision)
            run_folder.write_info(self._folder.path, self._info)

    def _stop_if_asked(self, progress: EvaluationProgress) -> None:
        if self._stop.is_set():
            raise _StoppedError

    def _keep_samples(self, result: EvaluationResult, tasks: Sequence[Task], step: int) -> None:
        by_id = {task.id: task for task in tasks}
        for one in result.tasks:
            if one.best is None:
                continue
            run_folder.append(
                self._folder.path,
                SampleRecord(
                    step=step,
                    task_id=one.id,
                    stage=one.stage,
                    description=by_id[one.id].description,
                    program=one.best.source,
                    verdict=one.best.verdict,
                    tests_passed=one.best.tests_passed,
                    tests_total=one.best.tests_total,
                    edits=one.best.edits,
                ),
            )


def _labelled(numbers: Mapping[str, float], prefix: str) -> dict[str, float]:
    return {
        name.removeprefix(prefix): count
        for name, count in numbers.items()
        if name.startswith(prefix)
    }


def spread(tasks: Sequence[Task], most: int) -> Sequence[Task]:
    """Return at most so many tasks, evenly spaced: of every family some."""
    if len(tasks) <= most:
        return tasks
    return [tasks[index * len(tasks) // most] for index in range(most)]
