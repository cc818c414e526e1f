"""The default task sets, built once."""

import pytest

from tasks import TasksConfig, TaskSets, build


@pytest.fixture(scope="session")
def sets() -> TaskSets:
    return build(TasksConfig())
