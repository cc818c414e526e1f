"""The procedural curriculum: references, examples, splits."""

import ast
import builtins
import re
from collections import Counter
from dataclasses import replace

import pytest

from tasks import Task, TaskError, TasksConfig, TaskSets, build, rules
from tasks.families import FAMILIES
from tasks.inputs import EXAMPLES, MAX_RESULT, TESTS, compile_function
from tasks.normal import normal_form


def family(task: Task) -> str:
    return task.id.rsplit("/", 1)[0]


def everything(sets: TaskSets) -> list[Task]:
    return [*sets.train, *sets.heldout, *sets.heldout_families]


def numbers(text: str) -> set[int]:
    return {int(number) for number in re.findall(r"\d+", text)}


def test_every_reference_passes_its_own_tests(sets):
    for task in everything(sets):
        function = compile_function(str(task.reference), str(task.entry_point))
        for call in (*task.examples, *task.calls):
            result = function(*call.args)
            assert result == call.expected, task.id
            assert type(result) is type(call.expected), task.id


def test_every_task_keeps_the_rules_of_the_format(sets):
    for task in everything(sets):
        rules.check(task)


def test_every_task_has_varied_examples_and_tests(sets):
    for task in everything(sets):
        calls = [call.args for call in (*task.examples, *task.calls)]
        assert EXAMPLES[0] <= len(task.examples) <= EXAMPLES[1], task.id
        assert len(task.calls) >= TESTS[0], task.id
        assert len(calls) == len(set(calls)), task.id
        results = {call.expected for call in (*task.examples, *task.calls)}
        assert len(results) >= 2, task.id
        if task.signature and task.signature.returns == "bool":
            assert {call.expected for call in task.examples} == {True, False}, task.id


def test_results_stay_small(sets):
    for task in everything(sets):
        for call in (*task.examples, *task.calls):
            if isinstance(call.expected, int | float):
                assert abs(call.expected) <= MAX_RESULT, task.id


def test_there_are_several_thousand_tasks_in_many_families(sets):
    tasks = everything(sets)
    assert len(tasks) >= 4000
    for stage in ("arithmetic", "loops"):
        assert len({family(task) for task in tasks if task.stage == stage}) >= 16
        assert sum(task.stage == stage for task in tasks) >= 1500
    assert max(Counter(family(task) for task in tasks).values()) <= TasksConfig().per_family


def test_every_family_has_tasks(sets):
    named = {f"{stage}/{one.name}" for stage, members in FAMILIES.items() for one in members}
    assert {family(task) for task in everything(sets)} == named


def test_no_program_is_in_two_tasks_whatever_its_names(sets):
    owners: dict[str, str] = {}
    for task in everything(sets):
        program = normal_form(str(task.reference))
        assert program not in owners, f"{task.id} and {owners.get(program)}"
        owners[program] = task.id


def test_held_out_families_are_not_trained_on(sets):
    trained = {family(task) for task in (*sets.train, *sets.heldout)}
    unseen = {family(task) for task in sets.heldout_families}
    named = {
        f"{stage}/{one.name}"
        for stage, members in FAMILIES.items()
        for one in members
        if one.heldout
    }
    assert unseen == named
    assert not trained & unseen
    assert {name.split("/")[0] for name in unseen} == {"arithmetic", "loops"}


def test_held_out_parameters_belong_to_trained_families(sets):
    trained = {family(task) for task in sets.train}
    assert {family(task) for task in sets.heldout} <= trained
    share = len(sets.heldout) / (len(sets.train) + len(sets.heldout))
    assert share == pytest.approx(TasksConfig().heldout_share, abs=0.02)


def test_a_third_of_held_out_tasks_has_a_number_that_its_family_never_trains_on(sets):
    seen: dict[str, set[int]] = {}
    for task in sets.train:
        seen.setdefault(family(task), set()).update(numbers(task.description))
    new = sum(bool(numbers(task.description) - seen[family(task)]) for task in sets.heldout)
    assert new >= len(sets.heldout) / 3


def test_words_of_held_out_families_are_known_from_training(sets):
    def words(tasks):
        return {word for task in tasks for word in re.findall(r"[a-z]+", task.description.lower())}

    assert words(sets.heldout_families) <= words(sets.train)


def test_node_types_of_held_out_families_are_known_from_training(sets):
    def kinds(tasks):
        return {type(node) for task in tasks for node in ast.walk(ast.parse(str(task.reference)))}

    assert kinds(sets.heldout_families) <= kinds(sets.train)


def test_numbers_of_a_program_can_be_read_in_its_description(sets):
    """All but the small ones of the idioms and powers of ten: a policy points at the others."""
    idiomatic = {0, 1, 2, 3, 4, 9, 10, 100, 1000, 10000}
    for task in everything(sets):
        said = numbers(task.description)
        used = {
            node.value
            for node in ast.walk(ast.parse(str(task.reference)))
            if isinstance(node, ast.Constant) and type(node.value) is int
        }
        derived = {value - 1 for value in said}  # Rounding up adds k - 1; digits end at base - 1.
        assert used - idiomatic - derived <= said, task.id


def test_programs_hide_no_builtin_and_read_only_names_they_bind(sets):
    for task in everything(sets):
        tree = ast.parse(str(task.reference))
        nodes = list(ast.walk(tree))
        names = [node for node in nodes if isinstance(node, ast.Name)]
        bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        assert not (bound | {task.entry_point}) & set(dir(builtins)), task.id
        assert {node.id for node in names} - bound <= set(dir(builtins)), task.id


def test_constraints_are_on_some_tasks_and_kept_by_the_reference(sets):
    limited = [task for task in everything(sets) if task.constraints.to_json()]
    assert 0.05 < len(limited) / len(everything(sets)) < 0.15
    for task in limited:
        kinds = [type(node).__name__ for node in ast.walk(ast.parse(str(task.reference)))]
        assert task.constraints.max_nodes is None or len(kinds) <= task.constraints.max_nodes
        assert not set(task.constraints.forbid) & set(kinds)
        assert set(task.constraints.require) <= set(kinds)


def test_the_same_seed_builds_the_same_sets():
    config = TasksConfig(sources=("arithmetic",), per_family=4)
    assert build(config) == build(config)
    assert build(config) != build(config.model_copy(update={"seed": 1}))


def test_a_stage_does_not_depend_on_the_other_sources(sets):
    alone = build(TasksConfig(sources=("arithmetic",)))
    assert alone.train == tuple(task for task in sets.train if task.stage == "arithmetic")


def test_the_config_names_held_out_families():
    config = TasksConfig(sources=("arithmetic",), per_family=4, heldout_families=("add",))
    found = build(config)
    assert {family(task) for task in found.heldout_families} == {"arithmetic/add"}
    assert "arithmetic/scaled_sum" in {family(task) for task in found.train}
    with pytest.raises(TaskError, match="no family is called 'ad'"):
        build(config.model_copy(update={"heldout_families": ("ad",)}))


def test_family_names_are_unique():
    for members in FAMILIES.values():
        assert len({one.name for one in members}) == len(members)


def test_some_training_tasks_say_less_and_held_out_ones_all():
    """Shares of what is left out, and that the reference still answers to the task's name."""
    config = TasksConfig(sources=("loops",), per_family=12)
    told = build(config.model_copy(update={"plain_name_share": 0.0, "undescribed_share": 0.0}))
    made = build(config)
    assert made.heldout == told.heldout
    assert made.heldout_families == told.heldout_families
    renamed = [
        task
        for task, full in zip(made.train, told.train, strict=True)
        if task.entry_point != full.entry_point
    ]
    assert 0.15 < len(renamed) / len(made.train) < 0.35
    assert all(str(task.reference).startswith(f"def {task.entry_point}(") for task in renamed)
    assert 0 < sum(not task.description for task in made.train) < 0.1 * len(made.train)
    assert all(task.description for task in told.train)


@pytest.mark.parametrize("stage", FAMILIES)
def test_vague_descriptions_tell_the_kind_and_nothing_else_changes(stage):
    gists = {f"{stage}/{one.name}": one.gist for one in FAMILIES[stage]}
    config = TasksConfig(sources=(stage,), per_family=4, undescribed_share=0.0)
    full = everything(build(config))
    vague = everything(build(config.model_copy(update={"descriptions": "vague"})))
    for task, told in zip(vague, full, strict=True):
        assert replace(task, description=told.description) == told
        gist = gists[family(task)]
        assert task.description.startswith(gist)
        assert "examples" in task.description.removeprefix(gist)
        assert not re.search(r"\d|at (least|most)|(greater|less) than|equal|even|odd", gist)
