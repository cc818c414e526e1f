"""The reward, case by case and as properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.config import RewardConfig
from actors.reward import group_statistics, reward
from sandbox.types import Result, TestResult, Verdict

CONFIG = RewardConfig(
    tests=1.0,
    solved_bonus=2.0,
    compile_penalty=0.5,
    runtime_penalty=0.3,
    timeout_penalty=0.4,
    size_penalty=0.1,
)
P, W, R, T, M = (
    Verdict.PASSED,
    Verdict.WRONG_ANSWER,
    Verdict.RUNTIME_ERROR,
    Verdict.TIME_LIMIT,
    Verdict.MEMORY_LIMIT,
)


def result(verdict: Verdict, *tests: Verdict, violation: bool = False) -> Result:
    return Result("p", verdict, violation, tuple(TestResult(test) for test in tests))


@pytest.mark.parametrize(
    ("ran", "total"),
    [
        (result(P, P, P), 1 + 2),
        (result(W, P, W), 0.5),
        (result(W, W, W), 0),
        (result(R, P, R, R, R), 0.25 - 0.3 * 0.75),
        (result(M, M), -0.3),
        (result(T, P, T), 0.5 - 0.4 * 0.5),
        (result(R, W, R, T, P), 0.25 - 0.3 * 0.25 - 0.4 * 0.25),
        (result(Verdict.COMPILE_ERROR), -0.5),
        (result(R), -0.3),
        (result(T), -0.4),
    ],
)
def test_rewards(ran: Result, total: float) -> None:
    parts = reward(ran, 20, 100, CONFIG)
    assert parts is not None
    assert parts.total == pytest.approx(total - 0.02)
    assert parts.size_penalty == pytest.approx(-0.02)


@pytest.mark.parametrize("verdict", [Verdict.INTERNAL, Verdict.REFUSED])
def test_what_the_sandbox_did_not_run_is_never_a_reward(verdict: Verdict) -> None:
    assert reward(result(verdict, P, P), 20, 100, CONFIG) is None


def test_a_program_that_breaks_out_gains_nothing() -> None:
    parts = reward(result(P, P, P, violation=True), 0, 100, CONFIG)
    assert parts is not None
    assert parts.total == pytest.approx(-0.3)


VERDICTS = st.sampled_from(sorted(set(Verdict) - {Verdict.INTERNAL, Verdict.REFUSED}))


@given(st.lists(VERDICTS, min_size=1, max_size=8), VERDICTS, st.integers(1, 100))
def test_a_passed_test_more_is_never_worth_less(
    tests: list[Verdict], whole: Verdict, size: int
) -> None:
    whole = Verdict.WRONG_ANSWER if whole is P else whole
    before = reward(result(whole, *tests), size, 100, CONFIG)
    after = reward(result(whole, P, *tests[1:]), size, 100, CONFIG)
    solved = reward(result(P, *[P] * len(tests)), size, 100, CONFIG)
    assert before is not None
    assert after is not None
    assert solved is not None
    assert before.total <= after.total < solved.total


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=20))
def test_a_group_relative_baseline_is_centred(totals: list[float]) -> None:
    mean, std = group_statistics(totals)
    assert sum(total - mean for total in totals) == pytest.approx(0, abs=1e-9)
    assert std**2 * len(totals) == pytest.approx(
        sum((total - mean) ** 2 for total in totals), abs=1e-9
    )


def test_a_group_without_a_known_reward_has_no_baseline() -> None:
    assert group_statistics([]) == (0.0, 0.0)
