"""From a config to the sets that a run trains on and is held to.

A source is a stage of the procedural curriculum, a data set with its official splits, or the path of
a task file. Every process that holds the same config and the same files builds the same sets.
"""

from dataclasses import dataclass

from tasks import procedural
from tasks.config import TasksConfig
from tasks.families import FAMILIES
from tasks.schema import Task, TaskError


@dataclass(frozen=True)
class TaskSets:
    """Disjoint sets of tasks."""

    train: tuple[Task, ...]
    heldout: tuple[Task, ...]
    """New parameters of families that are trained on (data sets: their validation split)."""
    heldout_families: tuple[Task, ...]
    """Families of which nothing is trained on."""


def build(config: TasksConfig) -> TaskSets:
    """Build the sets of a config."""
    procedural.check_family_names(config)
    splits = []
    for source in config.sources:
        if source not in FAMILIES:
            raise TaskError(f"tasks.sources: unknown source {source!r}")
        splits.append(procedural.split_stage(source, config))
    return TaskSets(
        tuple(task for split in splits for task in split.train),
        tuple(task for split in splits for task in split.heldout),
        tuple(task for split in splits for task in split.heldout_families),
    )
