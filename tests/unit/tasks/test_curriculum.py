"""The curriculum's sampler: shares, focus, state."""

import json
from collections import Counter
from random import Random

import pytest

from tasks import CurriculumConfig, Task
from tasks.curriculum import Curriculum


def tasks(**counts: int) -> list[Task]:
    return [
        Task(f"{stage}/{i}", "f", None, "", test_code="assert f()", stage=stage)
        for stage, count in counts.items()
        for i in range(count)
    ]


def drawn(curriculum: Curriculum, count: int = 20_000) -> Counter[str]:
    return Counter(task.id for task in curriculum.draw(count, Random(0)))


def test_draws_are_uniform_within_a_stage_at_first():
    found = drawn(Curriculum(tasks(a=5), CurriculumConfig()))
    assert all(abs(count / 20_000 - 0.2) < 0.02 for count in found.values())


def test_stages_share_draws_by_weight():
    config = CurriculumConfig(stage_weights={"a": 3.0})
    found = drawn(Curriculum(tasks(a=2, b=10), config))
    share = sum(count for name, count in found.items() if name.startswith("a/")) / 20_000
    assert share == pytest.approx(0.75, abs=0.02)


def test_a_stage_of_weight_zero_is_not_drawn():
    found = drawn(Curriculum(tasks(a=2, b=2), CurriculumConfig(stage_weights={"b": 0})))
    assert set(found) == {"a/0", "a/1"}


def test_tasks_solved_some_of_the_time_are_drawn_more():
    curriculum = Curriculum(tasks(a=3), CurriculumConfig(focus=0.8))
    for _ in range(20):
        curriculum.record("a/0", 8, 0)
        curriculum.record("a/1", 8, 4)
        curriculum.record("a/2", 8, 8)
    found = drawn(curriculum)
    assert found["a/1"] > 3 * found["a/0"]
    assert found["a/1"] > 3 * found["a/2"]
    assert min(found.values()) > 0.2 / 3 * 20_000 * 0.8  # The uniform part forgets none.


def test_without_focus_draws_stay_uniform():
    curriculum = Curriculum(tasks(a=2), CurriculumConfig(focus=0))
    for _ in range(20):
        curriculum.record("a/0", 8, 0)
    found = drawn(curriculum)
    assert found["a/0"] == pytest.approx(found["a/1"], rel=0.05)


def test_newer_attempts_count_more():
    curriculum = Curriculum(tasks(a=1), CurriculumConfig(decay=0.5, prior=1))
    curriculum.record("a/0", 8, 0)
    curriculum.record("a/0", 8, 8)
    assert curriculum.solve_rate("a/0") == pytest.approx((8 + 0.5) / (8 + 4 + 1))


def test_a_restored_state_draws_the_same_tasks():
    first = Curriculum(tasks(a=4, b=4), CurriculumConfig())
    first.record("a/1", 8, 3)
    first.record("b/0", 8, 8)
    second = Curriculum(tasks(a=4, b=4), CurriculumConfig())
    second.record("b/3", 8, 1)
    second.restore(json.loads(json.dumps(first.state())))
    assert second.state() == first.state()
    assert first.draw(500, Random(7)) == second.draw(500, Random(7))


def test_equal_generators_draw_equal_tasks():
    curriculum = Curriculum(tasks(a=4), CurriculumConfig())
    assert curriculum.draw(50, Random(1)) == curriculum.draw(50, Random(1))
    assert curriculum.draw(50, Random(1)) != curriculum.draw(50, Random(2))


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="no training task is of stage 'c'; there are: a"):
        Curriculum(tasks(a=1), CurriculumConfig(stage_weights={"c": 1}))
    with pytest.raises(ValueError, match="no stage has a weight above 0"):
        Curriculum(tasks(a=1), CurriculumConfig(stage_weights={"a": 0}))
    with pytest.raises(ValueError, match="one id twice"):
        Curriculum([*tasks(a=1), *tasks(a=1)], CurriculumConfig())
    with pytest.raises(ValueError, match="must be finite and >= 0"):
        CurriculumConfig(stage_weights={"a": -1})
    curriculum = Curriculum(tasks(a=1), CurriculumConfig())
    with pytest.raises(ValueError, match="no training task has the id 'x'"):
        curriculum.record("x", 1, 1)
    with pytest.raises(ValueError, match="3 of 2 attempts"):
        curriculum.record("a/0", 2, 3)
    with pytest.raises(ValueError, match="'z' of the saved state is not trained on"):
        curriculum.restore({"a/0": [1.0, 1.0], "z": [1.0, 0.0]})
    assert curriculum.state() == {}
