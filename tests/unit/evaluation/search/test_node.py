"""A program's value and what may become of it."""

import pytest

from evaluation.search.node import Node
from policy.drafts import Draft, Feedback
from policy.judging import sigmoid


def node(*verdicts: str, q_halt: float = 0.0, parent: Node | None = None) -> Node:
    feedback = tuple(map(Feedback, verdicts))
    return Node(Draft((1, 2), feedback), "return 1", q_halt, 0.0, parent)


def test_the_value_is_the_mean_of_the_examples_and_the_q_head():
    half = node("PASSED", "WRONG_ANSWER", q_halt=1.0)
    assert half.value == pytest.approx((0.5 + sigmoid(1.0)) / 2)
    assert node(q_halt=1.0).value == sigmoid(1.0)


@pytest.mark.parametrize("logit", [-1e6, -30.0, 0.0, 2.0, 1e6])
def test_a_value_is_a_probability_however_far_the_logit(logit):
    assert 0.0 <= node("PASSED", q_halt=logit).value <= 1.0
    assert sigmoid(logit) + sigmoid(-logit) == pytest.approx(1.0)


def test_it_halts_when_nothing_speaks_against_it_and_q_halt_thinks_it_right():
    assert node("PASSED", q_halt=0.1).halts
    assert not node("PASSED", q_halt=-0.1).halts
    assert not node("PASSED", "TIME_LIMIT", q_halt=5.0).halts
    assert node(q_halt=0.1).halts


def test_what_passes_every_example_is_not_edited_and_an_episode_has_an_end():
    first = node("WRONG_ANSWER")
    second = node("WRONG_ANSWER", parent=first)
    assert (first.edits, second.edits) == (1, 2)
    assert first.may_grow(2)
    assert not second.may_grow(2)
    assert not node("PASSED").may_grow(9)
    assert node().may_grow(2)
    assert second.episode() == [first, second]
