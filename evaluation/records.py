"""The records that a run writes and that reports read; `run_folder` says in which files.

Times are seconds since the run started. In JSON a number that is not finite is null, and a lone
surrogate is spelled as its escape.
"""

from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Literal, Self

from pydantic import TypeAdapter, ValidationError

Split = Literal["heldout", "heldout_families"]
Phase = Literal["before", "during", "after"]


class RecordError(ValueError):
    """Not a record: a field is missing or mistyped, or a run folder's file is unreadable."""


@dataclass(frozen=True)
class _Json:
    """`to_json` and `from_json` for the dataclasses below, checked by their annotations."""

    def to_json(self) -> dict[str, object]:
        """Return a JSON object that `from_json` reads."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the record of a JSON object. Raises RecordError naming the first wrong field."""
        try:
            record: Self = TypeAdapter(cls).validate_python(data)
        except ValidationError as error:
            raise RecordError(f"{cls.__name__}: {_first_problem(error)}") from error
        return record


@dataclass(frozen=True)
class EditRecord(_Json):
    """A program of an episode. `examples_passed` of the visible examples agreed with it.

    `node_pointer` is the node of the program before that was written anew ("": the whole program).
    """

    node_pointer: str
    source: str
    examples_passed: int
    examples_total: int


@dataclass(frozen=True)
class BestProgram(_Json):
    """The best program found for a task: shortest that passes, else with the most tests passed.

    `edits` is the episode that a search came to it by, none where it was not edited.
    """

    source: str
    verdict: str
    tests_passed: int
    tests_total: int
    edits: tuple[EditRecord, ...] = ()


@dataclass(frozen=True)
class TaskResult(_Json):
    """One task's samples. `samples` leaves out those the sandbox itself failed (`internal`).

    After a search `samples` are the programs drawn, `distinct` those run on the visible examples;
    `correct` and `internal` count its best programs, which the hidden tests judged, and `rank` is
    the place, from 1, of the first right one among them.
    """

    id: str
    stage: str
    samples: int
    correct: int
    distinct: int
    internal: int
    best: BestProgram | None
    rank: int | None = None


@dataclass(frozen=True)
class Conditions:
    """How programs were found, repeated in the result so that it stands alone.

    `search_nodes` and `search_seconds` are a search's budget for a task, None where there was none.
    `precision` is the arithmetic that programs were sampled in.
    """

    temperature: float
    profile: str
    max_actions: int
    search: str = "none"
    max_edits: int = 1
    search_nodes: int | None = None
    search_seconds: float | None = None
    precision: str = "float32"


@dataclass(frozen=True, kw_only=True)
class EvaluationResult(_Json, Conditions):
    """A policy measured on a set of tasks: what `treewright eval --json` prints.

    Keys of `pass_at` are k as text. A k with no task of at least k samples is None. `scored_tasks`
    says over how many tasks each rate is. `verdicts` counts samples, duplicates included; after a
    search, the ranked programs that were judged.
    """

    pass_at: dict[str, float | None]
    pass_at_by_stage: dict[str, dict[str, float | None]]
    scored_tasks: dict[str, int]
    tasks: tuple[TaskResult, ...]
    verdicts: dict[str, int]
    violations: int
    internal: int
    samples: int
    executed: int
    seconds: float
    programs_per_second: float

    @property
    def conditions(self) -> str:
        """How programs were found, for people; empty where each was sampled on its own."""
        if self.search == "none":
            return ""
        limit = "" if self.search_seconds is None else f" and {self.search_seconds:g} s"
        edits = "first programs only" if self.max_edits == 1 else f"up to {self.max_edits} edits"
        return f"search={self.search}, {edits}, at most {self.search_nodes} programs{limit} a task"


@dataclass(frozen=True)
class TrainRecord(_Json):
    """One learner step, or the mean of the steps since the last record.

    `verdicts` counts the rollouts' programs since the last record, `edits` the episodes that came
    to their first program, to their second, …, `solved_at` those that ended solved there.
    `reward_mean` and `policy_lag` (in policy versions) are None while no rollout has been trained
    on. `idle_ratio` is the share of wall time
    that the learner waited for data.
    """

    step: int
    seconds: float
    policy_version: int
    loss: dict[str, float | None]
    programs_per_second: float
    idle_ratio: float
    reward_mean: float | None = None
    policy_lag: float | None = None
    verdicts: dict[str, int] = field(default_factory=dict)
    edits: dict[str, int] = field(default_factory=dict)
    solved_at: dict[str, int] = field(default_factory=dict)
    kind: Literal["train"] = "train"

    @property
    def pass_rate(self) -> float | None:
        """Share of the rollouts' programs since the last record that passed every test."""
        total = sum(n for verdict, n in self.verdicts.items() if verdict != "INTERNAL")
        return self.verdicts.get("PASSED", 0) / total if total else None

    @property
    def edits_per_episode(self) -> float | None:
        """Mean programs of an episode; None where episodes have one by design."""
        return sum(self.edits.values()) / self.edits["1"] if len(self.edits) > 1 else None

    @property
    def repaired(self) -> float | None:
        """Share of the episodes whose first program was edited that ended solved."""
        edited = self.edits.get("2", 0)
        solved = sum(count for edit, count in self.solved_at.items() if edit != "1")
        return solved / edited if edited else None


@dataclass(frozen=True)
class EvalRecord(_Json):
    """An evaluation during the run, on one split."""

    step: int
    seconds: float
    split: Split
    phase: Phase
    result: EvaluationResult
    kind: Literal["eval"] = "eval"


@dataclass(frozen=True)
class SampleRecord(_Json):
    """The best program of an evaluation's samples for one task, and what the sandbox said of it.

    `edits` is as in `BestProgram`.
    """

    step: int
    task_id: str
    stage: str
    description: str
    program: str
    verdict: str
    tests_passed: int
    tests_total: int
    edits: tuple[EditRecord, ...] = ()


@dataclass(frozen=True)
class Machine(_Json):
    """What a run ran on. `memory_bytes` is the physical memory."""

    system: str
    processor: str
    cores: int
    memory_bytes: int
    accelerators: tuple[str, ...]
    versions: dict[str, str]


@dataclass(frozen=True)
class RunInfo(_Json):
    """A run's identity. `revision` is the git commit, None outside a checkout.

    `precision` is the arithmetic of `learner` and `evaluation` since its last start, and that of
    `actors` as they tell it, once they have sampled.
    """

    name: str
    started_unix_seconds: float
    revision: str | None
    machine: Machine
    precision: dict[str, str] = field(default_factory=dict)


def _plain(value: object) -> object:
    """Return what JSON and UTF-8 can carry: no NaN (null), no lone surrogate (escaped)."""
    if isinstance(value, _Json):
        return value.to_json()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return None if isinstance(value, float) and not isfinite(value) else value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
