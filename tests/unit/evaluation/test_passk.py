"""pass@k against enumeration and against the paper's product form."""

from itertools import combinations
from math import isclose, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.passk import mean_pass_at_k, pass_at_k


@given(st.data())
def test_equals_the_share_of_draws_that_hold_a_correct_program(data):
    samples = data.draw(st.integers(1, 8))
    correct = data.draw(st.integers(0, samples))
    k = data.draw(st.integers(1, samples))
    draws = list(combinations(range(samples), k))
    hits = sum(any(program < correct for program in draw) for draw in draws)
    assert pass_at_k(samples, correct, k) == hits / len(draws)


@given(st.data())
def test_equals_the_papers_product_form(data):
    samples = data.draw(st.integers(1, 400))
    correct = data.draw(st.integers(0, samples))
    k = data.draw(st.integers(1, samples))
    if samples - correct < k:
        expected = 1.0
    else:
        expected = 1.0 - prod(1.0 - k / i for i in range(samples - correct + 1, samples + 1))
    assert isclose(pass_at_k(samples, correct, k), expected, rel_tol=1e-9, abs_tol=1e-9)


def test_one_correct_of_many_keeps_its_digits():
    assert pass_at_k(100_000, 1, 1) == 1e-5
    assert pass_at_k(10_000, 1, 100) == 0.01


def test_counts_that_are_no_counts_are_refused():
    with pytest.raises(ValueError, match="11 correct of 10"):
        pass_at_k(10, 11, 1)
    with pytest.raises(ValueError, match="pass@10 needs at least 10 samples a task, got 5"):
        pass_at_k(5, 1, 10)
    with pytest.raises(ValueError, match="pass@0"):
        pass_at_k(5, 1, 0)


def test_mean_leaves_out_tasks_with_too_few_samples():
    assert mean_pass_at_k([(10, 10), (10, 0), (9, 9)], 10) == (0.5, 2)
    assert mean_pass_at_k([(9, 9)], 10) == (None, 0)
