"""Tasks of the procedural families, and how they are split: by parameters and by whole families.

A family's tasks are drawn until it is exhausted or has `per_family` of them. A share of them is
held out: first whole constants (so that held-out tasks hold numbers that the family never trains
on), then single tasks. No two tasks of any set have the same normal form.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from tasks import inputs
from tasks.config import TasksConfig
from tasks.families import FAMILIES, Family
from tasks.families.draft import Draft
from tasks.normal import normal_form
from tasks.schema import Compare, Constraints, Param, Signature, Task, TaskError
from tasks.sides import HELDOUT, TRAIN, UNSEEN, Sides

_MAX_REPEATS = 30
"""A family counts as exhausted after so many draws in a row that were there before."""

_CONSTRAINED_SHARE = 0.1
"""Share of tasks with a constraint."""

_REQUIRABLE = ("For", "While", "If", "BinOp", "Call")
_FORBIDDABLE = ("While", "For", "IfExp", "ListComp", "Lambda", "Import", "Break")

_PLAIN_NAMES = ("f", "f", "g", "solve", "compute", "function", "func")

_TO_EXAMPLES = ("; see the examples.", "; the examples tell the rest.", ", as in the examples.")

LICENSE = "Apache-2.0"


@dataclass(frozen=True)
class Drawn:
    """One distinct task of a family, its normal form and the constants that it was drawn with."""

    task: Task
    program: str
    constants: tuple[int, ...]


def add_stage(stage: str, config: TasksConfig, sides: Sides) -> None:
    """Draw and split the tasks of one stage: the same for the same config in every process."""
    names = heldout_names(stage, config)
    # Trained families come first: a program that a held-out family shares with them is dropped.
    for family in sorted(FAMILIES[stage], key=lambda family: family.name in names):
        drawn = draw_family(stage, family, config, sides)
        kept_out = _heldout_indices(family, drawn, config)
        for i, item in enumerate(drawn):
            if family.name in names:
                sides.add(item.task, item.program, UNSEEN)
            elif i in kept_out:
                sides.add(item.task, item.program, HELDOUT)
            else:
                sides.add(_with_less_said(item, config), item.program, TRAIN)


def _with_less_said(item: Drawn, config: TasksConfig) -> Task:
    """Take a telling name or the description from some tasks: users do not always give them.

    A description that holds numbers stays: nothing else tells them.
    """
    task = item.task
    rng = Random(f"{config.seed}/said/{task.id}")
    if rng.random() < config.plain_name_share:
        task = _renamed(task, rng.choice(_PLAIN_NAMES))
    if rng.random() < config.undescribed_share and not item.constants:
        task = replace(task, description="")
    return task


def _renamed(task: Task, name: str) -> Task:
    assert task.entry_point is not None
    assert task.reference is not None
    reference = task.reference.replace(f"def {task.entry_point}(", f"def {name}(", 1)
    return replace(task, entry_point=name, reference=reference)


def heldout_names(stage: str, config: TasksConfig) -> frozenset[str]:
    """Return the names of a stage's families that are never trained on."""
    if config.heldout_families is None:
        return frozenset(family.name for family in FAMILIES[stage] if family.heldout)
    return frozenset(config.heldout_families) & {family.name for family in FAMILIES[stage]}


def check_family_names(config: TasksConfig) -> None:
    """Raise TaskError for a held-out family that is in no stage."""
    known = {family.name for families in FAMILIES.values() for family in families}
    for name in config.heldout_families or ():
        if name not in known:
            raise TaskError(f"tasks.heldout_families: no family is called {name!r}")


def draw_family(stage: str, family: Family, config: TasksConfig, sides: Sides) -> list[Drawn]:
    """Draw the distinct tasks of one family, without programs that are on a side already."""
    rng = Random(f"{config.seed}/{stage}/{family.name}")
    drawn: list[Drawn] = []
    for draft, program in _new_drafts(family, rng, sides):
        task = _to_task(f"{stage}/{family.name}/{len(drawn)}", stage, draft, rng)
        if task is not None:
            if config.descriptions == "vague":
                task = replace(task, description=_vague(task.id, family, config.seed))
            drawn.append(Drawn(task, program, draft.constants))
        if len(drawn) == config.per_family:
            break
    return drawn


def _vague(task_id: str, family: Family, seed: int) -> str:
    """Return a description that leaves to the examples what tells the family's tasks apart."""
    return family.gist + Random(f"{seed}/vague/{task_id}").choice(_TO_EXAMPLES)


def _new_drafts(family: Family, rng: Random, sides: Sides) -> Iterator[tuple[Draft, str]]:
    repeats = 0
    bodies: set[str] = set()
    programs: set[str] = set()
    while repeats < _MAX_REPEATS:
        draft = family.draw(rng)
        repeats += 1
        if draft.body in bodies:  # Cheaper than a normal form, and finds nearly all repeats.
            continue
        bodies.add(draft.body)
        program = normal_form(draft.reference)
        if program not in programs and program not in sides:
            programs.add(program)
            repeats = 0
            yield draft, program


def _to_task(task_id: str, stage: str, draft: Draft, rng: Random) -> Task | None:
    calls = inputs.calls(draft, rng)
    if calls is None:
        return None
    params = tuple(Param(name, "int") for name, _ in draft.params)
    return Task(
        id=task_id,
        entry_point=draft.name,
        signature=Signature(params, draft.returns),
        description=draft.text,
        examples=calls[0],
        tests=calls[1],
        constraints=_constraints(draft, rng),
        stage=stage,
        reference=draft.reference,
        source="procedural",
        license=LICENSE,
        compare=Compare(float_tolerance=1e-6) if draft.returns == "float" else Compare(),
    )


def _constraints(draft: Draft, rng: Random) -> Constraints:
    """Return limits that the reference keeps: on some tasks, for policies to learn to keep them."""
    if rng.random() >= _CONSTRAINED_SHARE:
        return Constraints()
    nodes = [type(node).__name__ for node in ast.walk(ast.parse(draft.reference))]
    unused = [name for name in _FORBIDDABLE if name not in nodes]
    used = [name for name in _REQUIRABLE if name in nodes]
    limit = (len(nodes) * 3 // 2 // 8 + 1) * 8
    return rng.choice(
        (
            Constraints(max_nodes=limit),
            Constraints(forbid=tuple(sorted(rng.sample(unused, 2)))),
            Constraints(require=tuple(used[:1])),
        )
    )


def _heldout_indices(family: Family, drawn: list[Drawn], config: TasksConfig) -> set[int]:
    """Choose what a family holds out: about half of it for a constant that it never trains on."""
    rng = Random(f"{config.seed}/split/{family.name}")
    wanted = round(config.heldout_share * len(drawn)) if len(drawn) > 1 else 0
    chosen: set[int] = set()
    values = sorted({value for item in drawn for value in item.constants})
    rng.shuffle(values)
    for value in values:
        with_value = {i for i, item in enumerate(drawn) if value in item.constants}
        if len(chosen | with_value) <= (wanted + 1) // 2:
            chosen |= with_value
    rest = [i for i in range(len(drawn)) if i not in chosen]
    return chosen | set(rng.sample(rest, wanted - len(chosen)))
