"""Supervised rows hold the references, in every view, in an order that a count alone decides."""

import ast
from collections import Counter
from dataclasses import replace

import pytest

from learner.config import LearnerConfig
from learner.objective import RowKind
from learner.rows import Row
from learner.supervised import SupervisedRows
from policy import strategy
from policy.grammar import codec
from tasks.schema import Task
from tests.unit.learner import samples


def make(tasks: list[Task], dropout: float = 0.0) -> SupervisedRows:
    return SupervisedRows(
        tasks,
        samples.MODEL,
        LearnerConfig(text_dropout=dropout, names_dropout=dropout),
        profile=samples.PROFILE,
        max_actions=samples.MAX_ACTIONS,
        seed=1,
    )


def source(row: Row) -> str:
    spec, actions = row.spec, row.program.actions.tolist()
    return ast.unparse(codec.decode(actions, spec.names, spec.root))


def run(program: str, task: Task) -> bool:
    scope: dict[str, object] = {}
    exec(program, scope)
    function = scope[str(task.entry_point)]
    assert callable(function)
    return all(function(*one.args) == one.expected for one in task.examples)


def test_a_row_is_a_program_that_solves_its_task():
    task = next(t for t in samples.tasks() if t.reference and t.compare == t.compare.__class__())
    rows = make([task], dropout=0.5).draw(8)
    assert {run(source(row), task) for row in rows} == {True}
    assert {row.kind for row in rows} == {RowKind.REFERENCE}
    assert all(row.solved for row in rows)


def test_nearly_every_reference_of_the_first_stage_fits():
    found = samples.references()
    found.draw(2 * len(samples.tasks()))
    assert sum(found.skipped.values()) < 0.1 * len(samples.tasks())


def test_an_epoch_holds_every_task_once_and_the_next_is_in_another_order():
    found = samples.references(LearnerConfig(text_dropout=0.0, names_dropout=0.0))
    found.draw(len(samples.tasks()))
    number = len(samples.tasks()) - sum(found.skipped.values())
    found.load_state(0)
    epochs = [[id(row.program) for row in found.draw(number)] for _ in range(2)]
    assert [len(set(epoch)) for epoch in epochs] == [number] * 2
    assert set(epochs[0]) == set(epochs[1])
    assert epochs[0] != epochs[1]


def test_drawing_goes_on_where_a_state_was_taken():
    config = LearnerConfig(text_dropout=0.3, names_dropout=0.3)
    first = samples.references(config)
    first.draw(13)
    state = first.state()
    expected = [source(row) for row in first.draw(50)]
    specs = [len(row.spec.ids) for row in first.draw(50)]

    again = samples.references(config)
    again.load_state(state)
    assert [source(row) for row in again.draw(50)] == expected
    assert [len(row.spec.ids) for row in again.draw(50)] == specs


def test_dropout_hides_the_description_in_its_share_of_rows():
    hidden = LearnerConfig(text_dropout=1.0, names_dropout=0.0)
    full = LearnerConfig(text_dropout=0.0, names_dropout=0.0)
    shorter = [
        len(few.spec.ids) < len(all_.spec.ids)
        for few, all_ in zip(
            samples.references(hidden).draw(20), samples.references(full).draw(20), strict=True
        )
    ]
    assert sum(shorter) >= 15
    mixed = samples.references(LearnerConfig(text_dropout=0.3, names_dropout=0.0))
    again = samples.references(full)
    lost = [
        len(few.spec.ids) < len(all_.spec.ids)
        for few, all_ in zip(mixed.draw(40), again.draw(40), strict=True)
    ]
    assert 4 <= sum(lost) <= 22


def test_strategy_labels_are_those_of_the_reference():
    task = samples.tasks()[0]
    (row,) = make([task]).draw(1)
    assert row.strategy == strategy.labels(ast.parse(source(row)))


def test_what_cannot_be_taught_is_skipped_and_counted():
    good = samples.tasks()[0]
    assert good.reference is not None
    assert good.signature is not None
    param = good.signature.params[0].name
    header = f"def {good.entry_point}({', '.join(p.name for p in good.signature.params)}):\n"
    bad = {
        "without a reference": replace(good, id="a", reference=None),
        "that the grammar can't express": replace(good, id="b", reference="def f(:"),
        f"longer than {samples.MAX_ACTIONS} actions": replace(
            good, id="c", reference=header + f"    {param} = {param} + 1\n" * 40 + "    return 1"
        ),
        "that the profile core can't express": replace(
            good, id="d", reference=header + "    raise ValueError"
        ),
    }
    found = make([good, *bad.values()])
    assert {source(row) for row in found.draw(5)} == {source(make([good]).draw(1)[0])}
    assert found.skipped == Counter(dict.fromkeys(bad, 1))


def test_nothing_to_teach_is_refused():
    task = replace(samples.tasks()[0], reference=None)
    with pytest.raises(ValueError, match=r"1 without a reference.*learner\.supervised_rows=0"):
        make([task])
    wrong = replace(samples.tasks()[0], reference="def f(:")
    with pytest.raises(ValueError, match="1 that the grammar can't express"):
        make([wrong]).draw(1)
