"""The official files of the benchmarks, read with their official splits."""

import os
from pathlib import Path

import pytest

from tasks import Example, Task, TasksConfig, build, datasets, files, rules, sources

DATA = Path(os.environ.get(datasets.CACHE_VARIABLE, Path(__file__).parents[4] / "shared" / "data"))


def have(name: str) -> pytest.MarkDecorator:
    absent = not (DATA / datasets.DATASETS[name].path).is_file()
    return pytest.mark.skipif(absent, reason=f"{name} is not in {DATA}")


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(DATA))


def all_of(name: str) -> list[Task]:
    return sources.everything(name, TasksConfig())


@have("mbpp")
def test_mbpp_has_its_official_splits():
    ids = {
        split: [int(task.id.removeprefix("mbpp/")) for task in datasets.load("mbpp", split)]
        for split in datasets.DATASETS["mbpp"].splits
    }
    assert ids["prompt"] == list(range(1, 11))
    assert ids["test"] == list(range(11, 511))
    assert ids["validation"] == list(range(511, 601))
    assert ids["train"] == list(range(601, 975))


@have("mbpp")
def test_nearly_all_of_mbpp_is_pairs():
    tasks = all_of("mbpp")
    assert sum(bool(task.tests) for task in tasks) == 964
    assert all(len(task.examples) == 1 and len(task.tests) == 3 for task in tasks if task.tests)
    assert all(task.examples[0] == task.tests[0] for task in tasks if task.tests)
    assert all(task.compare.float_tolerance == 1e-12 for task in tasks[:4])


@have("mbpp")
def test_an_mbpp_task_reads_as_its_record():
    task = datasets.load("mbpp", "prompt")[1]
    assert task.entry_point == "similar_elements"
    assert task.signature is not None
    assert [param.name for param in task.signature.params] == ["test_tup1", "test_tup2"]
    assert task.tests[0] == Example(((3, 4, 5, 6), (5, 7, 4, 10)), (4, 5))
    assert task.license == "CC-BY-4.0"
    assert (
        task.description
        == "Write a function to find the similar elements from the given two tuple lists."
    )


@have("mbpp")
def test_asserts_that_are_no_calls_stay_code():
    task = next(task for task in datasets.load("mbpp", "test") if task.id == "mbpp/367")
    assert task.tests == ()
    assert task.test_code is not None
    assert task.test_code.startswith("root = Node(1)")
    assert task.test_code.count("assert ") == 3


@have("humaneval")
def test_humaneval_is_read_whole():
    tasks = datasets.load("humaneval", "test")
    assert len(tasks) == 164
    assert sum(bool(task.tests) for task in tasks) == 144
    assert all(
        f"check({task.entry_point})" in str(task.test_code) for task in tasks if not task.tests
    )
    first = tasks[0]
    assert first.entry_point == "has_close_elements"
    assert first.signature is not None
    assert [param.type for param in first.signature.params] == ["list[float]", "float"]
    assert first.signature.returns == "bool"
    assert first.examples[0] == Example(([1.0, 2.0, 3.0], 0.5), False)
    assert first.description.startswith("Check if in given list of numbers")
    assert ">>>" not in first.description


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=have(name)) for name in datasets.DATASETS]
)
def test_every_task_keeps_the_rules_and_survives_its_file(name, tmp_path):
    tasks = all_of(name)
    for task in tasks:
        rules.check(task)
        assert task.reference is not None
    path = tmp_path / "tasks.jsonl"
    files.save(path, tasks)
    assert files.load(path) == tasks


@have("mbpp")
def test_training_on_mbpp_takes_its_training_split():
    sets = build(TasksConfig(sources=("mbpp",)))
    numbers = [int(task.id.removeprefix("mbpp/")) for task in sets.train]
    assert min(numbers) >= 601
    assert len(numbers) > 360
    assert {task.id for task in sets.heldout} == {f"mbpp/{i}" for i in range(511, 601)}
    assert len(sources.evaluation_tasks("mbpp", TasksConfig())) == 500
