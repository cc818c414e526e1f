"""Inputs of drawn programs: varied, inside the domains, and on both sides of every border."""

from random import Random
from typing import Any

import pytest

from tasks import inputs
from tasks.families.draft import Domain, Draft


def draft(body: str, *domains: Domain, **more: Any) -> Draft:
    names = ("x", "y", "z")
    params = tuple(zip(names, domains, strict=False))
    return Draft(name="f", params=params, text="", body=body, **more)


def drawn(one: Draft, seed: int = 0) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    found = inputs.calls(one, Random(seed))
    assert found is not None
    return found


@pytest.mark.parametrize("threshold", [3, 17, 58])
@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_examples_show_both_sides_of_a_threshold(threshold, operator):
    one = draft(f"return x {operator} {threshold}", Domain(0, 60), returns="bool")
    shown, hidden = drawn(one)
    values = {call.args[0] for call in (*shown, *hidden)}
    border = threshold - 1 if operator in ("<", ">=") else threshold
    assert {border, border + 1} <= values


def test_a_border_of_two_arguments_is_found():
    one = draft("return x + y > 83", Domain(0, 60), Domain(0, 60), returns="bool")
    shown, hidden = drawn(one)
    sums = {sum(call.args) for call in (*shown, *hidden)}
    assert {83, 84} <= sums


def test_rare_cases_are_looked_for():
    one = draft("return x % 13 == 11", Domain(0, 300), returns="bool")
    total = 0
    for seed in range(10):
        shown, hidden = drawn(one, seed)
        assert any(call.expected is True for call in shown)
        total += sum(call.expected is True for call in (*shown, *hidden))
    assert total >= 10 * 4  # A plain draw of 14 calls holds one.


def test_the_cases_of_a_draft_are_shown():
    one = draft("if x % 23 == 0:\n    return x + 1\nreturn x", Domain(0, 500), case="x % 23 == 0")
    shown, _ = drawn(one, 3)
    assert {call.args[0] % 23 == 0 for call in shown} == {True, False}


def test_inputs_stay_inside_their_domains():
    one = draft("return x * 100 + y", Domain(-5, 5), Domain(40, 99), constants=(7, 50))
    for seed in range(20):
        shown, hidden = drawn(one, seed)
        for call in (*shown, *hidden):
            assert -5 <= call.args[0] <= 5
            assert 40 <= call.args[1] <= 99


def test_large_results_are_left_out():
    one = draft("return 3 ** x", Domain(0, 30))
    shown, hidden = drawn(one)
    results = [call.expected for call in (*shown, *hidden)]
    assert len(results) >= 12
    assert max(results) <= inputs.MAX_RESULT


@pytest.mark.parametrize(
    "useless",
    [
        draft("return 3", Domain(0, 60)),
        draft("return x + 1", Domain(0, 5)),
        draft("return x > 99", Domain(0, 60), returns="bool"),
    ],
    ids=["constant", "few inputs", "one answer"],
)
def test_a_draft_that_tells_nothing_is_no_task(useless):
    assert inputs.calls(useless, Random(0)) is None


def test_a_reference_that_fails_is_an_error():
    with pytest.raises(ZeroDivisionError):
        inputs.calls(draft("return 1 // x", Domain(0, 60)), Random(0))
