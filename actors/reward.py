"""What a program that ran is worth: a pure function of the sandbox's result."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from actors.config import RewardConfig
from sandbox.types import Result, Verdict

_UNKNOWN = (Verdict.INTERNAL, Verdict.REFUSED)
_ERRORS = (Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT, Verdict.OUTPUT_LIMIT)


@dataclass(frozen=True, slots=True)
class RewardParts:
    """The parts of a reward; penalties are zero or negative."""

    tests: float = 0.0
    solved_bonus: float = 0.0
    compile_penalty: float = 0.0
    runtime_penalty: float = 0.0
    timeout_penalty: float = 0.0
    size_penalty: float = 0.0

    @property
    def total(self) -> float:
        """What the policy gradient sees."""
        gained = self.tests + self.solved_bonus
        lost = self.compile_penalty + self.runtime_penalty + self.timeout_penalty
        return gained + lost + self.size_penalty


def reward(
    result: Result, num_actions: int, max_actions: int, config: RewardConfig
) -> RewardParts | None:
    """Reward one program of `num_actions` grammar actions, out of `max_actions` that were allowed.

    None when the sandbox failed (INTERNAL) or did not run it (REFUSED): that says nothing about the
    program, and is never a reward. A program that tried to break out gets nothing for the tests
    that it passed, and the whole runtime penalty.
    """
    if result.verdict in _UNKNOWN:
        return None
    size_penalty = -config.size_penalty * num_actions / max_actions
    if result.security_violation:
        return RewardParts(runtime_penalty=-config.runtime_penalty, size_penalty=size_penalty)
    if result.verdict is Verdict.COMPILE_ERROR:
        return RewardParts(compile_penalty=-config.compile_penalty, size_penalty=size_penalty)
    solved = result.verdict is Verdict.PASSED
    return RewardParts(
        tests=config.tests * _share(result, (Verdict.PASSED,)),
        solved_bonus=config.solved_bonus * solved,
        runtime_penalty=-config.runtime_penalty * _share(result, _ERRORS),
        timeout_penalty=-config.timeout_penalty * _share(result, (Verdict.TIME_LIMIT,)),
        size_penalty=size_penalty,
    )


def _share(result: Result, verdicts: Sequence[Verdict]) -> float:
    """Share of the tests that ended so; of the whole program where it did not get to its tests."""
    if not result.tests:
        return float(result.verdict in verdicts)
    return sum(test.verdict in verdicts for test in result.tests) / len(result.tests)


def group_statistics(totals: Sequence[float]) -> tuple[float, float]:
    """Mean and population standard deviation of a group's rewards; (0, 0) of an empty one."""
    if not totals:
        return 0.0, 0.0
    return statistics.fmean(totals), statistics.pstdev(totals)
