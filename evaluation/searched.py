"""Evaluation of a search: the hidden tests judge its best programs, in the order of its ranking.

Groups of tasks are searched side by side; while the sandbox judges one group the next is searched.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

from evaluation.config import EvaluationConfig
from evaluation.programs import program_for
from evaluation.progress import Progress
from evaluation.records import EditRecord, EvaluationResult
from evaluation.scoring import Outcome, SearchTally, conditions, summarise
from evaluation.search.node import Node
from evaluation.search.rounds import Found
from evaluation.search.tasks import search_tasks, together
from policy.model import Policy
from policy.precision import arithmetic
from policy.uniforms import Generators, of_specs
from sandbox.client import SandboxClient
from sandbox.types import Program, Result
from tasks.schema import Task


def evaluate_search(
    policy: Policy,
    tasks: Sequence[Task],
    client: SandboxClient,
    config: EvaluationConfig,
    *,
    generator: Generators,
    on_progress: Callable[[Progress], None],
) -> EvaluationResult:
    """See `evaluation.harness.evaluate`."""
    began = time.monotonic()
    running: list[tuple[Sequence[SearchTally], Future[list[Result]]]] = []
    done = 0
    for places in _groups(len(tasks), config):
        group = [tasks[place] for place in places]
        found = search_tasks(policy, group, client, config, of_specs(generator, places)).found
        tallies = [_tally(*pair, config) for pair in zip(group, found, strict=True)]
        running.append((tallies, client.submit(_programs(group, tallies, config))))
        done += len(group)
        seconds = time.monotonic() - began
        on_progress(Progress(done * config.search_nodes, len(tasks) * config.search_nodes, seconds))
    for searched, future in running:
        _take(searched, future.result())
    every = [tally for group_tallies, _ in running for tally in group_tallies]
    how = conditions(config, arithmetic(policy))
    return summarise(every, config.ks, how, time.monotonic() - began)


def _groups(tasks: int, config: EvaluationConfig) -> Iterator[range]:
    """Places of the tasks whose rounds fill a batch."""
    size = together(config)
    for start in range(0, tasks, size):
        yield range(start, min(start + size, tasks))


def _tally(task: Task, found: Found, config: EvaluationConfig) -> SearchTally:
    best = found.ranked[: max(config.ks)]
    return SearchTally(
        id=task.id,
        stage=task.stage,
        drawn=Counter(node.source for node in best),
        searched=found.drawn,
        ran=len(found.nodes),
        episodes={node.source: _episode(node) for node in best if node.parent},
    )


def _episode(node: Node) -> tuple[EditRecord, ...]:
    return tuple(
        EditRecord(one.pointer, one.source, one.passed, len(one.draft.feedback))
        for one in node.episode()
    )


def _programs(
    tasks: Sequence[Task], tallies: Sequence[SearchTally], config: EvaluationConfig
) -> list[Program]:
    """Give the ranked programs of every task in turn, with its hidden tests."""
    group = uuid.uuid4().hex[:12]
    return [
        program_for(task, source, f"{group}/{at}/{place}", config.limits)
        for at, (task, tally) in enumerate(zip(tasks, tallies, strict=True))
        for place, source in enumerate(tally.drawn)
    ]


def _take(tallies: Sequence[SearchTally], results: Sequence[Result]) -> None:
    owners = [(tally, source) for tally in tallies for source in tally.drawn]
    for (tally, source), result in zip(owners, results, strict=True):
        tally.outcomes[source] = Outcome.of(result)
