"""From what the sandbox said of each program to the figures of an evaluation: pure functions."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from evaluation.config import EvaluationConfig
from evaluation.passk import mean_pass_at_k
from evaluation.records import (
    BestProgram,
    Conditions,
    EditRecord,
    EvaluationResult,
    TaskResult,
)
from policy.drafts import PASSED
from sandbox.types import Result, Verdict

INTERNAL = "INTERNAL"


@dataclass(frozen=True)
class Outcome:
    """The sandbox's word on one program, with counts of its tests."""

    verdict: str
    tests_passed: int
    tests_total: int
    violation: bool

    @classmethod
    def of(cls, result: Result) -> Self:
        """Return that of a result."""
        return cls(
            verdict=result.verdict.value,
            tests_passed=sum(test.verdict is Verdict.PASSED for test in result.tests),
            tests_total=len(result.tests),
            violation=result.security_violation,
        )


@dataclass
class TaskTally:
    """The programs of one task: how often each source was drawn, and how each distinct one ran."""

    id: str
    stage: str
    drawn: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """Count the programs drawn."""
        return self.drawn.total()

    @property
    def executed(self) -> int:
        """Count the distinct programs that were run."""
        return len(self.drawn)

    def count(self, verdict: str) -> int:
        """Count the samples with this verdict, duplicates included."""
        return sum(self.drawn[s] for s, o in self.outcomes.items() if o.verdict == verdict)

    def result(self) -> TaskResult:
        """Return the task's line of the evaluation."""
        internal = self.count(INTERNAL)
        return TaskResult(
            id=self.id,
            stage=self.stage,
            samples=self.drawn.total() - internal,
            correct=self.count(PASSED),
            distinct=len(self.drawn),
            internal=internal,
            best=best_program(self.outcomes),
        )


@dataclass
class SearchTally(TaskTally):
    """The programs of one task's search.

    `drawn` holds its best programs, best first and each once: those that the hidden tests judge.
    """

    searched: int = 0
    """Programs drawn."""
    ran: int = 0
    """Distinct ones, run on the visible examples."""
    episodes: dict[str, tuple[EditRecord, ...]] = field(default_factory=dict)
    """How the edited ones of `drawn` came about."""

    @property
    def samples(self) -> int:
        """Count the programs drawn."""
        return self.searched

    @property
    def executed(self) -> int:
        """Count the distinct programs that were run."""
        return self.ran

    def result(self) -> TaskResult:
        """Return the task's line of the evaluation; the sandbox's own faults leave the ranking."""
        best = best_program(self.outcomes)
        if best is not None:
            best = replace(best, edits=self.episodes.get(best.source, ()))
        judged = [v for s in self.drawn if (v := self.outcomes[s].verdict) != INTERNAL]
        return TaskResult(
            id=self.id,
            stage=self.stage,
            samples=self.searched,
            correct=self.count(PASSED),
            distinct=self.ran,
            internal=self.count(INTERNAL),
            best=best,
            rank=judged.index(PASSED) + 1 if PASSED in judged else None,
        )


def best_program(outcomes: Mapping[str, Outcome]) -> BestProgram | None:
    """Return the shortest source that passes, else the one with the most tests passed, else None.

    For reports only: it is chosen by the hidden tests, which a policy never sees.
    """
    judged = [(source, o) for source, o in outcomes.items() if o.verdict != INTERNAL]
    if not judged:
        return None
    source, best = min(
        judged, key=lambda so: (so[1].verdict != PASSED, -so[1].tests_passed, len(so[0]), so[0])
    )
    return BestProgram(source, best.verdict, best.tests_passed, best.tests_total)


def conditions(config: EvaluationConfig, precision: str) -> Conditions:
    """Return those of a configuration, and of what its precision came to."""
    searching = config.search != "none"
    return Conditions(
        temperature=config.temperature,
        profile=config.profile,
        max_actions=config.max_actions,
        search=config.search,
        max_edits=config.max_edits,
        search_nodes=config.search_nodes if searching else None,
        search_seconds=config.search_seconds if searching else None,
        precision=precision,
    )


def summarise(
    tallies: Sequence[TaskTally], ks: tuple[int, ...], found: Conditions, seconds: float
) -> EvaluationResult:
    """All tasks' tallies as one result; `seconds` is the wall time of sampling and running."""
    tasks = tuple(tally.result() for tally in tallies)
    by_stage: defaultdict[str, list[TaskResult]] = defaultdict(list)
    for task in tasks:
        by_stage[task.stage].append(task)
    samples = sum(tally.samples for tally in tallies)
    rates_of = _pass_rates if found.search == "none" else _ranked_rates
    rates, scored = rates_of(tasks, ks)
    return EvaluationResult(
        pass_at=rates,
        pass_at_by_stage={
            stage: rates_of(members, ks)[0] for stage, members in sorted(by_stage.items())
        },
        scored_tasks=scored,
        tasks=tasks,
        verdicts=_verdicts(tallies),
        violations=sum(
            tally.drawn[source]
            for tally in tallies
            for source, outcome in tally.outcomes.items()
            if outcome.violation
        ),
        internal=sum(task.internal for task in tasks),
        samples=samples,
        executed=sum(tally.executed for tally in tallies),
        seconds=seconds,
        programs_per_second=samples / seconds if seconds > 0 else 0.0,
        **vars(found),
    )


def _pass_rates(
    tasks: Sequence[TaskResult], ks: tuple[int, ...]
) -> tuple[dict[str, float | None], dict[str, int]]:
    means = {str(k): mean_pass_at_k(((t.samples, t.correct) for t in tasks), k) for k in ks}
    return (
        {k: rate for k, (rate, _) in means.items()},
        {k: scored for k, (_, scored) in means.items()},
    )


def _ranked_rates(
    tasks: Sequence[TaskResult], ks: tuple[int, ...]
) -> tuple[dict[str, float | None], dict[str, int]]:
    """Give the share of tasks with a right program among the k best, and the number of tasks."""
    solved = {k: sum(t.rank is not None and t.rank <= k for t in tasks) for k in ks}
    rates = {str(k): right / len(tasks) for k, right in solved.items()}
    return dict(rates), dict.fromkeys(rates, len(tasks))


def _verdicts(tallies: Sequence[TaskTally]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for tally in tallies:
        for source, outcome in tally.outcomes.items():
            counts[outcome.verdict] += tally.drawn[source]
    return dict(sorted(counts.items()))
