"""How many samples of an untrained policy compile: the grammar's promise, measured."""

import ast
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import torch

from policy.config import HRMConfig, ModelConfig, SpecConfig
from policy.constraints import check_constraints
from policy.drafts import Draft
from policy.edits import Edit, propose
from policy.grammar.profiles import PROFILES
from policy.model import Policy
from policy.sampler import Sample
from tasks.schema import Constraints, Example, Param, Signature, Task

NETWORK = ModelConfig(
    hrm=HRMConfig(width=32, heads=2, segments=1, act="off"), spec=SpecConfig(layers=0)
)
"""A policy small enough that most of the time goes into the grammar and into compiling."""
_ROWS = 256
"""Programs in the batch: another takes the place of each that is finished."""
_UNLIMITED = Constraints()


@dataclass(frozen=True)
class CompileReport:
    """What was drawn with one profile under one budget."""

    profile: str
    max_actions: int
    programs: int
    compiled: int
    within: int
    """Programs of at most `max_actions` actions."""
    holding: int
    """Programs that hold every node class that was required."""
    actions: int
    """Actions of all programs together."""
    failures: tuple[str, ...]
    """Source texts of those that did not, a few."""

    @property
    def kept(self) -> bool:
        """Whether every program compiled, stayed inside the budget and held what it had to."""
        return self.compiled == self.within == self.holding == self.programs


def _task(
    name: str,
    types: tuple[str, ...],
    returns: str,
    description: str,
    *examples: Example,
    constraints: Constraints = _UNLIMITED,
) -> Task:
    params = tuple(Param(f"p{index}", text) for index, text in enumerate(types))
    return Task(
        id=name,
        entry_point=name,
        signature=Signature(params, returns),
        description=description,
        examples=examples,
        constraints=constraints,
    )


def varied_tasks() -> tuple[Task, ...]:
    """Build specs that differ in what masks depend on: types, arity, literals and constraints."""
    return (
        _task("answer", (), "int", "Return 42."),
        _task("double", ("int",), "int", "Twice n.", Example((2,), 4), Example((-3,), -6)),
        _task("is_even", ("int",), "bool", "Whether n is even.", Example((3,), False)),
        _task("mean", ("list[float]",), "float", "The mean, or 0.5 for none."),
        _task("shout", ("str",), "str", "Append '!' or \"?\".", Example(("a",), "a!")),
        _task("total", ("list[int]", "int"), "int", "Sum above 17.", Example(([1, 20], 3), 20)),
        _task("group", ("list[str]",), "dict[str, list[str]]", "Group by first letter."),
        _task("unique", ("list[int]",), "set[int]", "Distinct values."),
        _task("pair", ("int", "str"), "tuple[int, str]", "Both.", Example((1, "x"), (1, "x"))),
        _task("find", ("str", "str"), "int | None", "Where, if at all."),
        _task("anything", ("Any", "Any", "Any"), "Any", "Whatever 1, 2.5, 'three' suggest."),
        _task("flags", ("bool",) * 8, "bool", "Whether all hold."),
        _task("raw", ("bytes",), "bytes", "Reverse the bytes."),
        _task("nothing", ("dict[str, int]",), "None", "Do nothing with 7."),
        _task("short", ("int",), "int", "In few nodes.", constraints=Constraints(max_nodes=12)),
        _task(
            "no_loops",
            ("list[int]",),
            "int",
            "Without loops.",
            constraints=Constraints(forbid=("For", "While", "ListComp")),
        ),
        Task(id="program", entry_point=None, signature=None, description="Print 'hello'."),
    )


def compile_share(
    count: int,
    *,
    profile: str,
    max_actions: int,
    edits: int = 0,
    require: tuple[str, ...] = (),
    config: ModelConfig = NETWORK,
    seed: int = 0,
) -> CompileReport:
    """Draw `count` programs from a policy with random weights and compile each.

    After the first programs come `edits` edits of each, all counted alike. `require` names node
    classes that every program must hold.

    Raises:
        ConstraintError: the budget or what is required leaves no program.
        ValueError: an unknown profile, or count < 1.

    """
    if profile not in PROFILES or count < 1:
        raise ValueError(
            f"need a profile of {sorted(PROFILES)} and at least one program, "
            f"got {profile!r} and {count}"
        )
    torch.manual_seed(seed)
    config = config.model_copy(update={"max_actions": max_actions, "refine": edits > 0})
    draw = partial(
        propose,
        Policy(config).eval(),
        max_actions=max_actions,
        profile=PROFILES[profile],
        generator=torch.Generator().manual_seed(seed),
        rows=_ROWS,
    )
    tasks = [_requiring(task, require) for task in varied_tasks()]
    check_constraints(tasks, PROFILES[profile], max_actions)
    failures: list[str] = []
    compiled = within = holding = actions = 0
    for made in islice(_samples(draw, tasks, count, edits), count):
        actions += len(made.actions)
        fine = compiles(made.source), len(made.actions) <= max_actions, holds(made.source, require)
        compiled, within, holding = compiled + fine[0], within + fine[1], holding + fine[2]
        if not all(fine):
            failures.append(made.source)
    return CompileReport(
        profile, max_actions, count, compiled, within, holding, actions, tuple(failures[:5])
    )


def _requiring(task: Task, require: tuple[str, ...]) -> Task:
    """The task, what is required allowed; its limit on nodes would rule too much out."""
    if not require:
        return task
    return replace(task, constraints=Constraints(require=require))


def _samples(
    draw: Callable[..., list[Edit]], tasks: list[Task], count: int, edits: int
) -> Iterator[Sample]:
    """At least `count` programs, of every task as many."""
    first = -(-count // (1 + edits))
    tasks = tasks[:first]
    found = draw(tasks, [None] * len(tasks), -(-first // len(tasks)))
    yield from (edit.sample for edit in found)
    for _ in range(edits):
        tasks = [tasks[edit.task] for edit in found]
        found = draw(tasks, [Draft(edit.sample.actions) for edit in found], 1)
        yield from (edit.sample for edit in found)


def holds(source: str, require: tuple[str, ...]) -> bool:
    """Whether a source text holds nodes of all the classes, or of such as derive from them."""
    if not require:
        return True
    try:
        kinds = {type(node) for node in ast.walk(ast.parse(source))}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return {base.__name__ for kind in kinds for base in kind.__mro__}.issuperset(require)


def compiles(source: str) -> bool:
    """Whether Python compiles a source text, whatever it warns of."""
    with warnings.catch_warnings():
        # Such as `1 is 1`: legal, if odd.
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            compile(source, "<sample>", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
