"""What to solve: the task schema, the procedural curriculum, data set adapters and splits.

    from tasks import Task, TasksConfig, build
    sets = build(TasksConfig(sources=("arithmetic", "loops")))
    for task in sets.train: ...

`schema` holds the types, `files` the JSON Lines format, `families` the procedural curriculum,
`datasets` the public benchmarks, `sources` turns a config into train and held-out sets.
"""

from tasks.config import CurriculumConfig, TasksConfig
from tasks.schema import (
    Compare,
    Constraints,
    Example,
    Param,
    Signature,
    StdioTest,
    Task,
    TaskError,
)
from tasks.sources import TaskSets, build

__all__ = [
    "Compare",
    "Constraints",
    "CurriculumConfig",
    "Example",
    "Param",
    "Signature",
    "StdioTest",
    "Task",
    "TaskError",
    "TaskSets",
    "TasksConfig",
    "build",
]
