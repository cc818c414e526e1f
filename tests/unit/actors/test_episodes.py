"""When an episode goes on, and what becomes of it."""

from dataclasses import replace

import pytest

from actors.episodes import Act, Episode, Turn
from policy.drafts import Feedback
from policy.edits import Edit
from policy.judging import QValues
from policy.sampler import Sample
from sandbox.types import Result, Verdict

WRONG = Feedback("WRONG_ANSWER", 3)
PASSED = Feedback("PASSED", 3)


def turn(*feedback: Feedback, q_halt: float = 0.0, q_continue: float = 0.0) -> Turn:
    made = Sample(0, (1, 2), (0, 1), (-0.1, -0.2), q_halt, q_continue, "def f(): pass")
    return Turn(Edit(0, 0, "", 0.0, made), 1, Result("p", Verdict.WRONG_ANSWER), feedback)


@pytest.mark.parametrize(
    ("act", "q_halt", "q_continue", "expected"),
    [
        ("off", 9.0, -9.0, True),
        ("halt", 0.1, 9.0, False),
        ("halt", -0.1, -9.0, True),
        ("halt_continue", -1.0, -2.0, False),
        ("halt_continue", 1.0, 2.0, True),
    ],
)
def test_the_q_values_decide(act: Act, q_halt: float, q_continue: float, expected: bool):
    episode = Episode([turn(WRONG, PASSED, q_halt=q_halt, q_continue=q_continue)])
    assert episode.goes_on(3, act) is expected


@pytest.mark.parametrize("act", ["halt", "halt_continue"])
def test_who_explores_does_not_ask_the_q_values(act: Act):
    sure = {"q_halt": 9.0, "q_continue": -9.0}
    assert Episode([turn(WRONG, **sure)]).goes_on(3, act, explores=True)
    assert not Episode([turn(PASSED, **sure)]).goes_on(3, act, explores=True)
    assert not Episode([turn(WRONG, **sure)]).goes_on(1, act, explores=True)


def test_what_was_judged_after_the_run_decides():
    written = turn(WRONG, q_halt=9.0, q_continue=-9.0)
    episode = Episode([written])
    assert episode.last.values == (9.0, -9.0)
    assert not episode.goes_on(3, "halt_continue")
    episode.judged(QValues(-2.0, -1.0))
    assert episode.last.values == (-2.0, -1.0)
    assert episode.goes_on(3, "halt_continue")
    assert episode.turns == [replace(written, judged=QValues(-2.0, -1.0))]


def test_what_passes_its_examples_is_not_edited():
    assert not Episode([turn(PASSED, PASSED)]).goes_on(3, "off")
    assert not Episode([turn()]).goes_on(3, "off"), "nothing is known of it"


def test_no_episode_is_longer_than_allowed():
    assert Episode([turn(WRONG), turn(WRONG)]).goes_on(3, "off")
    assert not Episode([turn(WRONG), turn(WRONG)]).goes_on(2, "off")


def test_a_lost_episode_is_over():
    assert not Episode([turn(WRONG)], lost=True).goes_on(3, "off")


def test_the_next_edit_starts_from_the_last_program():
    draft = turn(WRONG, PASSED).draft
    assert (draft.actions, draft.feedback) == ((1, 2), (WRONG, PASSED))
