"""The relations between examples' inputs and outputs."""

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import properties
from policy.config import SpecConfig
from policy.spec import encode
from tasks.schema import Example, Param, Signature, Task

_BEFORE_ORDERS = 2 * (2 * len(properties._ONE) + len(properties._TWO))
UNKNOWN = (0.0, 0.0, 0.0, 0.0)

small = st.integers(-4, 4)
measured = small | st.floats(-2, 2) | st.booleans()
values = measured | st.none() | st.lists(small, max_size=3) | st.text(max_size=3)
same_kind = st.lists(st.tuples(measured, measured), min_size=1, max_size=8)
any_kind = st.lists(st.tuples(values, values), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("rows", "answers"),
    [
        ([((3,), 3), ((4,), 4)], (1.0, 0.0)),
        ([((3,), 4), ((4,), 5)], (0.0, 1.0)),
        ([((3,), 3), ((4,), 5)], (1.0, 1.0)),
        ([((3,), "3"), ((4,), "4")], (0.0, 1.0)),
    ],
)
def test_the_relation_of_equality_is_yes_no_or_mixed(rows, answers):
    found = properties.features([Example(*row) for row in rows], (0,))
    equal = 4 * len(properties._ONE)
    assert found is not None
    assert tuple(found[equal : equal + 2]) == answers


def test_properties_tell_addition_from_multiplication():
    def pair(rows):
        return properties.features([Example(args, out) for args, out in rows], (0, 1))

    assert pair([((2, 3), 5), ((4, 1), 5)]) != pair([((2, 3), 6), ((4, 1), 4)])
    assert properties.features([Example((1,), 1)], (0, 1)) is None


def orders(rows):
    """Whether the output rises (some do, some don't) and falls (some do, some don't)."""
    found = properties.features([Example((a,), o) for a, o in rows], (0,))
    assert found is not None
    return tuple(found[_BEFORE_ORDERS : _BEFORE_ORDERS + 4])


@pytest.mark.parametrize(
    ("rows", "answers"),
    [
        ([(1, 5), (2, 6), (9, 7)], (1, 0, 0, 1)),  # always rises
        ([(1, 5), (2, 5), (9, 7)], (1, 1, 0, 1)),  # never falls
        ([(1, 5), (2, 5)], (0, 1, 0, 1)),  # never falls nor rises
        ([(9, -3), (1, 5), (2, 5)], (0, 1, 1, 1)),  # never rises
        ([(3, 0), (1, 5), (2, 1.5)], (0, 1, 1, 0)),  # always falls
        ([(1, 5), (2, 6), (3, 5)], (1, 1, 1, 1)),
        ([(3, False), (30, True), (7, False)], (1, 1, 0, 1)),  # a threshold
        ([("abc", [1]), ("", []), ("ab", [7])], (1, 1, 0, 1)),  # lengths
        ([([5, 5], 10), ([9], 9), ([], 0)], (1, 0, 0, 1)),
        ([(2, 5), (2, 8)], UNKNOWN),  # equal arguments are in no order
        ([(2, 5), (2, 8), (3, 6)], (1, 1, 1, 1)),
        ([(2, 5), (2, 8), (3, 9)], (1, 0, 0, 1)),
        ([(2, 5)], UNKNOWN),
        ([(2, 5), (None, 3), (4, None)], UNKNOWN),
        ([(2, 5), (3, 5), ([1], 9)], UNKNOWN),  # numbers and lengths have no common order
        ([(float("nan"), 5), (3, 5)], UNKNOWN),
        ([(10**29, 1), (10**29 + 1, 2)], (1, 0, 0, 1)),
    ],
)
def test_rising_and_falling_are_yes_no_mixed_or_unknown(rows, answers):
    assert orders(rows) == answers


@given(rows=same_kind)
def test_neighbours_tell_what_all_pairs_tell(rows):
    ordered = [(o, p) for (a, o), (b, p) in product(rows, rows) if a < b]
    asked = (
        any(o < p for o, p in ordered),
        any(o >= p for o, p in ordered),
        any(o > p for o, p in ordered),
        any(o <= p for o, p in ordered),
    )
    assert orders(rows) == asked


@given(rows=any_kind, seed=st.integers(0, 99))
def test_the_order_of_the_examples_changes_nothing(rows, seed):
    shuffled = random.Random(seed).sample(rows, len(rows))
    examples, others = ([Example((a, o), o) for a, o in some] for some in (rows, shuffled))
    for slot in properties.SLOTS:
        assert properties.features(examples, slot) == properties.features(others, slot)


@given(rows=same_kind)
def test_negation_swaps_rising_and_falling(rows):
    rises, falls = orders(rows)[:2], orders(rows)[2:]
    assert orders([(-a, o) for a, o in rows]) == falls + rises
    assert orders([(a, -o) for a, o in rows]) == falls + rises
    assert orders([(-a, -o) for a, o in rows]) == rises + falls


def test_each_argument_has_its_own_order():
    rows = (((1, 9), 4), ((2, 5), 6), ((3, 1), 8))
    task = Task(
        id="t",
        entry_point="f",
        signature=Signature((Param("a", "int"), Param("b", "int")), "int"),
        description="",
        examples=tuple(Example(*row) for row in rows),
        tests=(Example(*rows[0]),),
    )
    told = encode(task, SpecConfig()).properties[:, _BEFORE_ORDERS : _BEFORE_ORDERS + 4].tolist()
    assert told[:4] == [[1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
