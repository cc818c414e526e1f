"""Evaluate a policy: sample programs for each task, run them, count those that pass.

    result = evaluate(policy, tasks, client, EvaluationConfig(), generator=generator)
    result.pass_at["10"]

The policy sees the visible examples alone; the hidden tests go to the sandbox. Here programs are
sampled each on its own, and while one batch runs in the sandbox the next is sampled;
`evaluation.searched` has the evaluation of a search.
"""

import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from evaluation.config import EvaluationConfig
from evaluation.programs import program_for
from evaluation.progress import Progress
from evaluation.records import EvaluationResult
from evaluation.scoring import Outcome, TaskTally, conditions, summarise
from evaluation.searched import evaluate_search
from policy.constraints import check_constraints
from policy.grammar import PROFILES
from policy.model import Policy
from policy.precision import arithmetic
from policy.sampler import sample
from policy.spec import encode
from policy.uniforms import Generators, of_specs
from sandbox.client import SandboxClient
from sandbox.types import Program, Result
from tasks.schema import Task

_BATCHES_OF_ROWS = 4
"""Programs of a batch by rows computed together: programs that begin alike share rows, and what
finishes makes room for what waits."""


@dataclass(frozen=True)
class _Submitted:
    """A batch that is in the sandbox: the future and, per program, its task, tally and source."""

    future: Future[list[Result]]
    owners: dict[str, tuple[TaskTally, str]]
    samples: int


def evaluate(
    policy: Policy,
    tasks: Sequence[Task],
    client: SandboxClient,
    config: EvaluationConfig,
    *,
    generator: Generators,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> EvaluationResult:
    """Sample `config.samples` programs a task and run the distinct ones against the hidden tests.

    With `config.search` the programs come from that search, ranked, and pass@k says whether one of
    the k best passes. `generator` is one for all tasks, or one for each.

    Raises ValueError when there is nothing to do, or when the policy can't sample or be searched
    so, or not on `config.device`; ConstraintError when a task requires what no program can hold;
    SandboxUnavailable when the sandbox can't be reached.
    """
    if not tasks:
        raise ValueError("evaluation: there are no tasks to evaluate on")
    config.check_model(policy.config)
    check_constraints(tasks, PROFILES[config.profile], config.max_actions)
    policy = config.prepared(policy)
    if config.search != "none":
        return evaluate_search(
            policy, tasks, client, config, generator=generator, on_progress=on_progress
        )
    return _Evaluation(policy, tasks, client, config, generator, on_progress).run()


class _Evaluation:
    """One call of `evaluate`: the loop's state."""

    def __init__(
        self,
        policy: Policy,
        tasks: Sequence[Task],
        client: SandboxClient,
        config: EvaluationConfig,
        generator: Generators,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._policy = policy
        self._tasks = tasks
        self._client = client
        self._config = config
        self._generator = generator
        self._on_progress = on_progress
        self._tallies = [TaskTally(task.id, task.stage) for task in tasks]
        self._run_id = uuid.uuid4().hex[:12]
        self._judged = 0
        self._started = time.monotonic()

    def run(self) -> EvaluationResult:
        """Keep a bounded number of batches in the sandbox while sampling the next."""
        in_flight: deque[_Submitted] = deque()
        most = self._config.batches_in_flight
        for rows, k in self._batches():
            in_flight.append(self._submit(rows, k))
            while in_flight and (in_flight[0].future.done() or len(in_flight) > most):
                self._judge(in_flight.popleft())
        while in_flight:
            self._judge(in_flight.popleft())
        found = conditions(self._config, arithmetic(self._policy))
        return summarise(self._tallies, self._config.ks, found, self._seconds())

    def _batches(self) -> Iterator[tuple[range, int]]:
        """(task indices, programs a task) of each batch: work for about `batch_rows` rows."""
        samples, rows = self._config.samples, self._config.batch_rows
        per_batch = max(1, _BATCHES_OF_ROWS * rows // samples)
        for start in range(0, len(self._tasks), per_batch):
            indices = range(start, min(start + per_batch, len(self._tasks)))
            for drawn in range(0, samples, rows):
                yield indices, min(rows, samples - drawn)

    def _submit(self, indices: range, k: int) -> _Submitted:
        """Sample a batch and hand its sources that are new for their task to the sandbox."""
        config = self._config
        drawn = sample(
            self._policy,
            [encode(self._tasks[index], self._policy.config.spec) for index in indices],
            k,
            temperature=config.temperature,
            max_actions=config.max_actions,
            profile=PROFILES[config.profile],
            generator=of_specs(self._generator, indices),
            rows=config.batch_rows,
        )
        owners: dict[str, tuple[TaskTally, str]] = {}
        programs: list[Program] = []
        for one in drawn:
            index = indices[one.task]
            task, tally = self._tasks[index], self._tallies[index]
            tally.drawn[one.source] += 1
            if tally.drawn[one.source] > 1:
                continue
            name = f"{self._run_id}/{index}/{len(tally.drawn)}"
            owners[name] = (tally, one.source)
            programs.append(program_for(task, one.source, name, config.limits))
        return _Submitted(self._client.submit(programs), owners, len(drawn))

    def _judge(self, batch: _Submitted) -> None:
        for result in batch.future.result():
            tally, source = batch.owners[result.id]
            tally.outcomes[source] = Outcome.of(result)
        self._judged += batch.samples
        total = len(self._tasks) * self._config.samples
        self._on_progress(Progress(self._judged, total, self._seconds()))

    def _seconds(self) -> float:
        return time.monotonic() - self._started
