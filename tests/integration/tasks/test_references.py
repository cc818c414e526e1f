"""References pass their hidden tests in the real sandbox."""

import os
from pathlib import Path

import pytest

from evaluation.programs import program_for
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Limits, Verdict
from tasks import Task, TasksConfig, build, datasets

DATA = Path(os.environ.get(datasets.CACHE_VARIABLE, Path(__file__).parents[4] / "shared" / "data"))


def verdicts(tasks: list[Task]) -> dict[str, Verdict]:
    with (
        LocalServer(SandboxConfig(slots=1)) as server,
        SandboxClient(server.target) as client,
    ):
        programs = [program_for(task, str(task.reference), task.id, Limits()) for task in tasks]
        return {result.id: result.verdict for result in client.execute(programs)}


def test_one_reference_of_every_family_passes():
    sets = build(TasksConfig(per_family=4))
    by_family = {task.id.rsplit("/", 1)[0]: task for task in (*sets.train, *sets.heldout_families)}
    found = verdicts(list(by_family.values()))
    assert len(found) > 150
    assert {name for name, verdict in found.items() if verdict is not Verdict.PASSED} == set()


@pytest.mark.skipif(not (DATA / "mbpp/mbpp.jsonl").is_file(), reason=f"mbpp is not in {DATA}")
def test_references_of_mbpp_pass(monkeypatch):
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(DATA))
    found = verdicts(datasets.load("mbpp", "prompt", "validation"))
    assert len(found) == 100
    assert {name for name, verdict in found.items() if verdict is not Verdict.PASSED} == set()
