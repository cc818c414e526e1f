"""From a config to sets: task files, mixtures, mistakes."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from tasks import Example, Param, Signature, Task, TaskError, TasksConfig, build, files, sources
from tasks.normal import normal_form


def task(i: int) -> Task:
    return Task(
        id=f"own/{i}",
        entry_point="f",
        signature=Signature((Param("x", "int"),), "int"),
        description=f"Add {i}.",
        tests=(Example((1,), 1 + i),),
        reference=f"def f(x):\n    return x + {i} + 0\n",
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "own.jsonl"
    files.save(path, [task(i) for i in range(200)])
    return str(path)


def test_a_task_file_is_split_by_its_share(path):
    found = build(TasksConfig(sources=(path,), heldout_share=0.25))
    assert len(found.train) + len(found.heldout) == 200
    assert 30 <= len(found.heldout) <= 70
    assert found.heldout_families == ()


def test_the_split_of_a_file_does_not_depend_on_its_order(path, tmp_path):
    other = tmp_path / "other.jsonl"
    files.save(other, [task(i) for i in reversed(range(200))])
    one, two = (build(TasksConfig(sources=(str(name),))) for name in (path, other))
    assert {item.id for item in one.heldout} == {item.id for item in two.heldout}
    assert one.heldout != build(TasksConfig(sources=(path,), seed=1)).heldout


def test_one_program_under_two_names_is_on_one_side(tmp_path):
    twins = []
    for i in range(60):
        twins.append(task(i))
        renamed = f"def g(value):\n    return value + {i} + 0\n"
        twins.append(replace(task(i), id=f"twin/{i}", entry_point="g", reference=renamed))
    path = tmp_path / "twins.jsonl"
    files.save(path, twins)
    found = build(TasksConfig(sources=(str(path),), heldout_share=0.5))
    sides = [
        {normal_form(str(item.reference)) for item in side} for side in (found.train, found.heldout)
    ]
    assert sides[0]
    assert sides[1]
    assert not sides[0] & sides[1]
    assert len(found.train) + len(found.heldout) == 120


def test_a_file_takes_the_side_of_a_stage_for_the_same_program(tmp_path):
    config = TasksConfig(sources=("arithmetic",), per_family=10)
    sets = build(config)
    copies = [
        replace(item, id=f"copy/{item.id}")
        for item in (*sets.train[:20], *sets.heldout[:20], *sets.heldout_families[:20])
    ]
    path = tmp_path / "copies.jsonl"
    files.save(path, copies)
    found = build(config.model_copy(update={"sources": ("arithmetic", str(path))}))
    for name in ("train", "heldout", "heldout_families"):
        originals = {item.id for item in getattr(found, name) if not item.id.startswith("copy/")}
        copied = [
            item.id.removeprefix("copy/")
            for item in getattr(found, name)
            if item.id not in originals
        ]
        assert set(copied) <= originals
        assert len(copied) == 20


def test_tasks_without_a_reference_are_split_by_id(tmp_path):
    path = tmp_path / "own.jsonl"
    files.save(path, [replace(task(i), reference=None) for i in range(50)])
    found = build(TasksConfig(sources=(str(path),), heldout_share=0.5))
    assert len(found.train) + len(found.heldout) == 50
    assert found.train
    assert found.heldout


def test_evaluation_never_gives_training_tasks_of_a_stage():
    config = TasksConfig(sources=("loops",), per_family=5)
    found = {item.id for item in sources.evaluation_tasks("loops", config)}
    assert found
    assert not found & {item.id for item in build(config).train}


def test_evaluation_takes_all_tasks_of_a_file(path):
    assert len(sources.evaluation_tasks(path, TasksConfig())) == 200


def test_a_stage_is_written_as_a_task_file(tmp_path):
    config = TasksConfig(per_family=4)
    path = tmp_path / "arithmetic.jsonl"
    assert sources.write("arithmetic", path, config) == len(files.load(path))
    assert files.load(path) == sources.everything("arithmetic", config)


@pytest.mark.parametrize("wrong", ["loop", "mbbp", "tasks.json"])
def test_an_unknown_source_is_named(wrong):
    for call in (
        lambda: build(TasksConfig(sources=(wrong,))),
        lambda: sources.evaluation_tasks(wrong, TasksConfig()),
    ):
        with pytest.raises(
            TaskError, match=f"unknown source '{wrong}'; known: arithmetic, loops, mbpp"
        ):
            call()


def test_a_data_set_without_a_training_split_is_refused():
    with pytest.raises(TaskError, match="humaneval has no training split"):
        build(TasksConfig(sources=("humaneval",)))


def test_a_bad_file_is_refused(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text("{}\n")
    with pytest.raises(TaskError, match=r"bad.jsonl:1: id: missing"):
        build(TasksConfig(sources=(str(path),)))


def test_everything_held_out_leaves_nothing_to_train_on(tmp_path):
    path = tmp_path / "one.jsonl"
    files.save(path, [task(1)])
    with pytest.raises(TaskError, match="nothing to train on"):
        build(TasksConfig(sources=(str(path),), heldout_share=0.999999))


@pytest.mark.parametrize(
    "wrong",
    [{"sources": ()}, {"per_family": 1}, {"heldout_share": 1.5}, {"seeds": 3}, {"seed": -1}],
)
def test_a_wrong_config_is_refused(wrong):
    with pytest.raises(ValidationError):
        TasksConfig(**wrong)
