"""From what the sandbox said of each program to the figures of an evaluation: pure functions."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluation.passk import mean_pass_at_k
from evaluation.records import BestProgram, EvaluationResult, TaskResult

PASSED = "PASSED"
INTERNAL = "INTERNAL"


@dataclass(frozen=True)
class Outcome:
    """The sandbox's word on one program, with counts of its tests."""

    verdict: str
    tests_passed: int
    tests_total: int
    violation: bool


@dataclass
class TaskTally:
    """The programs of one task: how often each source was drawn, and how each distinct one ran."""

    id: str
    stage: str
    drawn: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

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


@dataclass(frozen=True)
class Conditions:
    """How the programs were drawn, repeated in the result so that it stands alone."""

    ks: tuple[int, ...]
    temperature: float
    profile: str
    max_actions: int


def summarise(
    tallies: Sequence[TaskTally], conditions: Conditions, seconds: float
) -> EvaluationResult:
    """All tasks' tallies as one result; `seconds` is the wall time of sampling and running."""
    tasks = tuple(tally.result() for tally in tallies)
    by_stage: defaultdict[str, list[TaskResult]] = defaultdict(list)
    for task in tasks:
        by_stage[task.stage].append(task)
    samples = sum(tally.drawn.total() for tally in tallies)
    rates, scored = _pass_rates(tasks, conditions.ks)
    return EvaluationResult(
        pass_at=rates,
        pass_at_by_stage={
            stage: _pass_rates(members, conditions.ks)[0]
            for stage, members in sorted(by_stage.items())
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
        executed=sum(len(tally.drawn) for tally in tallies),
        seconds=seconds,
        programs_per_second=samples / seconds if seconds > 0 else 0.0,
        temperature=conditions.temperature,
        profile=conditions.profile,
        max_actions=conditions.max_actions,
    )


def _pass_rates(
    tasks: Sequence[TaskResult], ks: tuple[int, ...]
) -> tuple[dict[str, float | None], dict[str, int]]:
    means = {str(k): mean_pass_at_k(((t.samples, t.correct) for t in tasks), k) for k in ks}
    return (
        {k: rate for k, (rate, _) in means.items()},
        {k: scored for k, (_, scored) in means.items()},
    )


def _verdicts(tallies: Sequence[TaskTally]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for tally in tallies:
        for source, outcome in tally.outcomes.items():
            counts[outcome.verdict] += tally.drawn[source]
    return dict(sorted(counts.items()))
