import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policy import literals, properties
from policy.config import SpecConfig
from policy.grammar import GRAMMAR, Root
from policy.spec import PROPERTY_TOKENS, Dropout, SpecError, collate, encode
from policy.spec_tokens import (
    MAX_DEPTH,
    MAX_PLACES,
    MAX_ROLES,
    NUMERIC,
    TYPES,
    WORDS,
    Ids,
    Kind,
    Slots,
    numbers,
    value_tokens,
)
from tasks.schema import Constraints, Example, Param, Signature, StdioTest, Task

KIND, SLOT, ROLE = (Ids._fields.index(name) for name in ("kind", "slot", "role"))
CONFIG = SpecConfig()

TASK = Task(
    id="t/1",
    entry_point="count_long_words",
    signature=Signature((Param("words", "list[str]"), Param("n", "int")), "int"),
    description="Count the words longer than 7 characters, or 'none' if there are 2.5 of them.",
    examples=(
        Example((["alpha", "beta"], 4), 1),
        Example((["x"], 7), 0),
    ),
    tests=(Example((["hidden"], 3), 1),),
    constraints=Constraints(max_nodes=40, forbid=("Import",), require=("For",)),
    stage="strings",
    tags=("count",),
    reference="def count_long_words(words, n):\n    return sum(len(w) > n for w in words)",
)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60)
values = st.recursive(
    scalars | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=12)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=6)
        | st.sets(st.integers(), max_size=6)
    ),
    max_leaves=30,
)


def same(one, other):
    arrays = ("ids", "numbers", "properties", "mask")
    tensors = all(np.array_equal(getattr(one, a), getattr(other, a)) for a in arrays)
    return tensors and one.names == other.names and one.context == other.context


def tokens_of(spec, kind):
    return spec.ids[spec.ids[:, KIND] == kind]


@given(
    tests=st.lists(st.builds(Example, st.tuples(values), values), max_size=3).map(tuple)
    | st.lists(st.builds(StdioTest, st.text(), st.text()), max_size=2).map(tuple),
    reference=st.none() | st.text(),
    test_code=st.none() | st.text(),
    program=st.none() | st.text(),
)
@settings(deadline=None, max_examples=50)
def test_hidden_fields_change_no_model_input(tests, reference, test_code, program):
    changed = replace(TASK, tests=tests, reference=reference, test_code=test_code, program=program)
    assert same(encode(changed, CONFIG), encode(TASK, CONFIG))


@given(value=values, output=values)
@example(value=10**400, output=-(10**400))
@settings(deadline=None, max_examples=50)
def test_any_values_encode_within_the_tables_and_finitely(value, output):
    task = replace(TASK, examples=(Example((value, output), output),))
    spec = encode(task, CONFIG)
    bounds = (
        len(Kind),
        1 + len(TYPES),
        1 + WORDS,
        MAX_ROLES,
        1 + CONFIG.max_examples,
        MAX_PLACES,
        MAX_DEPTH,
        1 + GRAMMAR.max_literals,
        1,
        1,
    )
    assert (spec.ids >= 0).all()
    assert (spec.ids < np.array(bounds)).all()
    assert np.isfinite(spec.numbers).all()
    assert np.abs(spec.numbers).max() < 8
    assert len(spec.ids) <= CONFIG.max_tokens


@given(value=values, budget=st.integers(1, 30))
@settings(deadline=None, max_examples=50)
def test_a_value_never_takes_more_tokens_than_its_budget(value, budget):
    made = list(value_tokens(value, Ids(Kind.VALUE), Slots(()), budget))
    assert 1 <= len(made) <= budget


def test_encoding_is_the_same_every_time():
    assert same(encode(TASK, CONFIG), encode(Task.from_json(TASK.to_json()), CONFIG))


def test_literals_are_those_of_the_description_then_strings_of_examples():
    assert encode(TASK, CONFIG).names.literals == (7, "none", 2.5, "alpha", "beta", "x")


def test_literals_are_deduplicated_by_type_and_value():
    found = literals.table("1 and 1.0 and 'a' and 1 and \"a\" and -1", (), 32)
    assert found == (1, 1.0, "a")
    assert [type(value) for value in found] == [int, float, str]


def test_the_literal_table_is_bounded():
    text = " ".join(str(number) for number in range(100))
    assert len(literals.table(text, (), GRAMMAR.max_literals)) == GRAMMAR.max_literals


def test_numbers_inside_words_and_apostrophes_are_no_literals():
    assert literals.table("the 10th item's x2 isn't v1.5.2", (), 32) == ()


def test_a_literal_carries_its_slot_in_the_text_and_in_the_examples():
    spec = encode(TASK, CONFIG)
    in_text = tokens_of(spec, Kind.LITERAL)
    assert in_text[:, SLOT].tolist() == [1, 2, 3]
    in_examples = tokens_of(spec, Kind.VALUE)
    assert set(in_examples[:, SLOT]) == {0, 1, 4, 5, 6}


def test_a_negative_number_points_at_its_absolute_value():
    assert Slots((5,)).of(-5) == 1
    assert Slots((5,)).of(5.0) == 0
    assert Slots((1,)).of(True) == 0


@pytest.mark.parametrize(
    ("switch", "kinds"),
    [
        ("names", {Kind.NAME}),
        ("examples", {Kind.VALUE, Kind.CHARACTER, Kind.CUT}),
        ("properties", {Kind.PROPERTY}),
        ("constraints", {Kind.CONSTRAINT}),
        ("metadata", {Kind.STAGE, Kind.TAG}),
        ("text", {Kind.WORD, Kind.LITERAL}),
    ],
)
def test_each_modality_can_be_switched_off(switch, kinds):
    on, off = encode(TASK, CONFIG), encode(TASK, SpecConfig(**{switch: False}))
    shown = {Kind(kind) for kind in on.ids[on.mask][:, KIND]}
    left = {Kind(kind) for kind in off.ids[off.mask][:, KIND]}
    assert shown - left == kinds
    assert left <= shown


def test_dropping_the_text_is_encoding_a_task_without_one():
    dropped = encode(TASK, CONFIG, dropout=Dropout(text=1.0), rng=random.Random(0))
    assert same(dropped, encode(replace(TASK, description=""), CONFIG))
    assert dropped.names.literals == ("alpha", "beta", "x")


def test_dropping_the_names_keeps_the_types():
    dropped = encode(TASK, CONFIG, dropout=Dropout(names=1.0), rng=random.Random(0))
    renamed = replace(TASK, entry_point="f", signature=Signature(
        (Param("a", "list[str]"), Param("b", "int")), "int"))  # fmt: skip
    other = encode(renamed, CONFIG, dropout=Dropout(names=1.0), rng=random.Random(0))
    assert np.array_equal(dropped.ids, other.ids)
    assert len(tokens_of(dropped, Kind.PARAM)) == 2


def test_dropout_happens_as_often_as_asked():
    rng = random.Random(0)
    views = [encode(TASK, CONFIG, dropout=Dropout(text=0.3), rng=rng) for _ in range(300)]
    hidden = sum(len(view.names.literals) == 3 for view in views)
    assert 60 < hidden < 120


def test_dropout_without_a_generator_is_refused():
    with pytest.raises(ValueError, match="rng"):
        encode(TASK, CONFIG, dropout=Dropout(text=0.5))


def test_too_many_parameters_are_refused_by_name():
    params = tuple(Param(f"p{i}", "int") for i in range(GRAMMAR.max_params + 1))
    task = replace(TASK, signature=Signature(params, "int"), examples=())
    with pytest.raises(SpecError, match="t/1: 9 parameters"):
        encode(task, CONFIG)


def test_a_task_without_a_signature_asks_for_a_module():
    task = replace(TASK, signature=None, entry_point=None, examples=())
    assert encode(task, CONFIG).root is Root.MODULE
    assert encode(TASK, CONFIG).root is Root.BODY


def test_collate_pads_and_masks():
    short = replace(TASK, description="", examples=TASK.examples[:1])
    specs = [encode(TASK, CONFIG), encode(short, CONFIG)]
    batch = collate(specs)
    for row, spec in enumerate(specs):
        length = len(spec.ids)
        assert np.array_equal(batch.ids[row, :length], spec.ids)
        assert np.array_equal(batch.mask[row, :length], spec.mask)
        assert not batch.mask[row, length:].any()
    assert batch.properties.shape == (2, PROPERTY_TOKENS, properties.WIDTH)
    assert batch.numbers.shape == (2, len(specs[0].ids), NUMERIC)


def test_numeric_features_separate_sign_size_parity_and_kind():
    seen = {numbers(value) for value in (0, 1, -1, 2, 3, 10, 11, 0.5, 255, 256)}
    assert len(seen) == 10
    assert numbers([1, 2]) != numbers([1, 2, 3])
    assert numbers(None) == ()
