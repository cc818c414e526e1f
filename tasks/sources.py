"""From a config to the sets that a run trains on and is held to.

A source is a stage of the procedural curriculum, a data set with its official splits, or the path
of a task file. Every process that holds the same config and the same files builds the same sets.
No program, by its normal form, is in two of the sets.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tasks import datasets, files, procedural
from tasks.config import TasksConfig
from tasks.families import FAMILIES
from tasks.normal import normal_form
from tasks.schema import Task, TaskError
from tasks.sides import HELDOUT, TRAIN, UNSEEN, Sides


@dataclass(frozen=True)
class TaskSets:
    """Disjoint sets of tasks."""

    train: tuple[Task, ...]
    heldout: tuple[Task, ...]
    """New parameters of families that are trained on; validation splits; a share of task files."""
    heldout_families: tuple[Task, ...]
    """Families of which nothing is trained on."""


def build(config: TasksConfig) -> TaskSets:
    """Build the sets of a config.

    Raises:
        TaskError: an unknown source or family, a bad task file, or nothing to train on.
        datasets.DatasetError: a data set that is not in the cache.

    """
    procedural.check_family_names(config)
    sides = Sides()
    for source in config.sources:
        _add(source, config, sides)
    if not sides.tasks[TRAIN]:
        raise TaskError(f"tasks.sources: {', '.join(config.sources)}: nothing to train on")
    return TaskSets(*(tuple(sides.tasks[side]) for side in (TRAIN, HELDOUT, UNSEEN)))


def evaluation_tasks(source: str, config: TasksConfig) -> list[Task]:
    """Return what a checkpoint is evaluated on.

    A stage gives both of its held-out sets, a data set its test split, a file all of its tasks.
    Raises what `build` raises.
    """
    if source in FAMILIES:
        sets = build(config.model_copy(update={"sources": (source,)}))
        return [*sets.heldout, *sets.heldout_families]
    if source in datasets.DATASETS:
        return datasets.load(source, "test")
    if source.endswith(".jsonl"):
        return files.load(source)
    raise _unknown(source)


def everything(source: str, config: TasksConfig) -> list[Task]:
    """Return every task of a stage or of a data set. Raises what `build` raises."""
    if source in FAMILIES:
        sets = build(config.model_copy(update={"sources": (source,)}))
        return [*sets.train, *sets.heldout, *sets.heldout_families]
    if source in datasets.DATASETS:
        return datasets.load(source, *datasets.DATASETS[source].splits)
    raise _unknown(source)


def write(source: str, path: str | Path, config: TasksConfig) -> int:
    """Write every task of a stage or of a data set as a task file; return how many."""
    return files.save(path, everything(source, config))


def _add(source: str, config: TasksConfig, sides: Sides) -> None:
    if source in FAMILIES:
        procedural.add_stage(source, config, sides)
    elif source in datasets.DATASETS:
        if "train" not in datasets.DATASETS[source].splits:
            raise TaskError(f"tasks.sources: {source} has no training split; use it in evaluation")
        _add_split(datasets.load(source, "validation"), HELDOUT, sides)
        _add_split(datasets.load(source, "train"), TRAIN, sides)
    elif source.endswith(".jsonl"):
        for task in files.load(source):
            program = _program(task)
            sides.add(task, program, _side_of(program, config))
    else:
        raise _unknown(source)


def _add_split(tasks: Iterable[Task], side: str, sides: Sides) -> None:
    """Add an official split, without tasks whose program another set has already."""
    for task in tasks:
        program = _program(task)
        if sides.of(program, side) == side:
            sides.add(task, program, side)


def _program(task: Task) -> str:
    return task.id if task.reference is None else normal_form(task.reference)


def _side_of(program: str, config: TasksConfig) -> str:
    """Return the side of a task file's program: the same in every process and file order."""
    digest = sha256(f"{config.seed}/{program}".encode()).digest()
    return HELDOUT if int.from_bytes(digest[:8]) < config.heldout_share * 2**64 else TRAIN


def _unknown(source: str) -> TaskError:
    known = ", ".join([*FAMILIES, *datasets.DATASETS])
    return TaskError(
        f"tasks.sources: unknown source {source!r}; known: {known} or a path of *.jsonl"
    )
