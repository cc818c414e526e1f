"""Tasks of the procedural families, and how they are split: by parameters and by whole families.

A family's tasks are drawn until it is exhausted or has `per_family` of them. A share of them is held
out: first whole constants (so that held-out tasks hold numbers that the family never trains on), then
single tasks. No two tasks of any set have the same normal form.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tasks import inputs
from tasks.config import TasksConfig
from tasks.families import FAMILIES, Family
from tasks.families.draft import Draft
from tasks.normal import normal_form
from tasks.schema import Compare, Param, Signature, Task, TaskError

_MAX_REPEATS = 30
"""A family counts as exhausted after so many draws in a row that were there before."""

LICENSE = "Apache-2.0"


@dataclass(frozen=True)
class FamilyTasks:
    """The distinct tasks of one family, each with the constants that it was drawn with."""

    family: Family
    tasks: tuple[Task, ...]
    constants: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class StageSplit:
    """One stage, split."""

    train: tuple[Task, ...]
    heldout: tuple[Task, ...]
    heldout_families: tuple[Task, ...]


def split_stage(stage: str, config: TasksConfig) -> StageSplit:
    """Draw and split the tasks of one stage: the same for the same config in every process."""
    families = FAMILIES[stage]
    names = heldout_names(stage, config)
    train: list[Task] = []
    heldout: list[Task] = []
    unseen: list[Task] = []
    programs: set[str] = set()
    # Trained families come first: a program that a held-out family shares with them is dropped.
    for family in sorted(families, key=lambda family: family.name in names):
        drawn = draw_family(stage, family, config, programs)
        if family.name in names:
            unseen.extend(drawn.tasks)
            continue
        kept_out = _heldout_indices(drawn, config)
        for i, task in enumerate(drawn.tasks):
            (heldout if i in kept_out else train).append(task)
    return StageSplit(tuple(train), tuple(heldout), tuple(unseen))


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


def draw_family(
    stage: str, family: Family, config: TasksConfig, programs: set[str]
) -> FamilyTasks:
    """Draw the distinct tasks of one family; `programs` holds the normal forms already taken."""
    rng = Random(f"{config.seed}/{stage}/{family.name}")
    tasks: list[Task] = []
    constants: list[tuple[int, ...]] = []
    for draft in _new_drafts(family, rng, programs):
        task = _to_task(f"{stage}/{family.name}/{len(tasks)}", stage, draft, rng)
        if task is None:
            continue
        tasks.append(task)
        constants.append(draft.constants)
        if len(tasks) == config.per_family:
            break
    return FamilyTasks(family, tuple(tasks), tuple(constants))


def _new_drafts(family: Family, rng: Random, programs: set[str]) -> Iterator[Draft]:
    repeats = 0
    bodies: set[str] = set()
    while repeats < _MAX_REPEATS:
        draft = family.draw(rng)
        repeats += 1
        if draft.body in bodies:  # Cheaper than a normal form, and finds nearly all repeats.
            continue
        bodies.add(draft.body)
        program = normal_form(draft.reference)
        if program not in programs:
            programs.add(program)
            repeats = 0
            yield draft


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
        stage=stage,
        reference=draft.reference,
        source="procedural",
        license=LICENSE,
        compare=Compare(float_tolerance=1e-6) if draft.returns == "float" else Compare(),
    )


def _heldout_indices(drawn: FamilyTasks, config: TasksConfig) -> set[int]:
    """Choose what a family holds out: about half of it for a constant that it never trains on."""
    rng = Random(f"{config.seed}/split/{drawn.family.name}")
    count = len(drawn.tasks)
    wanted = round(config.heldout_share * count) if count > 1 else 0
    chosen: set[int] = set()
    values = sorted({value for constants in drawn.constants for value in constants})
    rng.shuffle(values)
    for value in values:
        with_value = {i for i, constants in enumerate(drawn.constants) if value in constants}
        if len(chosen | with_value) <= (wanted + 1) // 2:
            chosen |= with_value
    rest = [i for i in range(count) if i not in chosen]
    return chosen | set(rng.sample(rest, wanted - len(chosen)))
