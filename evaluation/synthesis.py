"""A program for each of some tasks, by what their author shows: the visible examples.

    found = synthesise(policy, tasks, client, config, generator)
    found.answers[0].source

Hidden tests, where a task has any, are neither seen nor run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.config import EvaluationConfig
from evaluation.feedback import visible
from evaluation.harness import evaluate
from evaluation.records import TaskResult
from evaluation.search.node import Node
from evaluation.search.rounds import Found
from evaluation.search.tasks import search_tasks
from policy.constraints import check_constraints
from policy.grammar import PROFILES
from policy.model import Policy
from policy.uniforms import Generators
from sandbox.client import SandboxClient
from tasks.schema import Task


@dataclass(frozen=True)
class Answer:
    """What was found for a task."""

    source: str | None
    """A program that agrees with every example; None where none was found."""
    passed: int
    """Examples that it agrees with, or the best one where none was found."""
    drawn: int
    """Programs drawn."""
    ran: int
    """Distinct ones, run on the examples."""
    agree: int
    """Programs that agree with every example: of those drawn where each was sampled on its own, of
    the distinct ones where they were searched for."""
    episode: Sequence[Node] = ()
    """The programs that the best one of a search was edited from, and itself."""


@dataclass(frozen=True)
class Synthesis:
    """What was found for tasks that were looked at together."""

    answers: tuple[Answer, ...]
    """One for each task, in their order."""
    seconds: Mapping[str, float]
    """Wall time of all, by what it was spent on."""


def synthesise(
    policy: Policy,
    tasks: Sequence[Task],
    client: SandboxClient,
    config: EvaluationConfig,
    generator: Generators,
) -> Synthesis:
    """Look for programs as `config` says: the shortest of the samples, or the best of a search.

    Raises:
        ValueError: there are no tasks, or one (which, is not told) can't be shown to the policy or
            run by the sandbox.
        ConstraintError: a task requires what no program can hold.
        SandboxError: the sandbox can't be reached or refuses.

    """
    check_constraints(tasks, PROFILES[config.profile], config.max_actions)
    shown = [visible(task) for task in tasks]
    if config.search == "none":
        result = evaluate(policy, shown, client, config, generator=generator)
        return Synthesis(tuple(map(_sampled, result.tasks)), {"sample and run": result.seconds})
    searched = search_tasks(policy, shown, client, config, generator)
    seconds = {"encode and sample": searched.draw_seconds, "run": searched.run_seconds}
    return Synthesis(tuple(map(_searched, searched.found)), seconds)


def _sampled(found: TaskResult) -> Answer:
    best = found.best
    return Answer(
        source=best.source if best is not None and found.correct else None,
        passed=best.tests_passed if best is not None else 0,
        drawn=found.samples + found.internal,
        ran=found.distinct,
        agree=found.correct,
    )


def _searched(found: Found) -> Answer:
    best = next(iter(found.ranked), None)
    return Answer(
        source=best.source if best is not None and best.agrees else None,
        passed=best.passed if best is not None else 0,
        drawn=found.drawn,
        ran=len(found.nodes),
        agree=sum(node.agrees for node in found.nodes),
        episode=best.episode() if best is not None else (),
    )
