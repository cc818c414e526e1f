"""Refinement episodes: a task's first program, then edits of it until it is right or given up.

    groups = [TaskGroup(drawn, [Episode(), …]), …]
    while going := [one for group in groups for one in group.episodes if one.goes_on(…)]:
        …                           # an edit of each, run, recorded

What an episode decides by, and what the policy reads of its programs, are the visible examples
alone; the hidden tests make the reward.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from actors.tasks import Drawn
from policy.drafts import Draft, Feedback
from policy.edits import Edit
from sandbox.types import Result, Verdict

Act = Literal["off", "halt", "halt_continue"]
"""`policy.config.HRMConfig.act`."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One edit of an episode, and what came of its program."""

    edit: Edit
    policy_version: int
    result: Result
    """On the hidden tests."""
    feedback: tuple[Feedback, ...] = ()
    """One for each visible example; empty where they were not run."""

    @property
    def draft(self) -> Draft:
        """What the next edit starts from."""
        return Draft(self.edit.sample.actions, self.feedback)


@dataclass(slots=True)
class Episode:
    """The edits so far; the first writes a whole program."""

    turns: list[Turn] = field(default_factory=list)
    lost: bool = False
    """The sandbox failed to run one of its programs: nothing is known of it."""

    @property
    def last(self) -> Turn:
        """The newest edit."""
        return self.turns[-1]

    @property
    def solved(self) -> bool:
        """Whether the last program passed every hidden test."""
        return self.last.result.verdict is Verdict.PASSED

    def goes_on(self, max_edits: int, act: Act, *, explores: bool = False) -> bool:
        """Whether another edit is due.

        Never after `max_edits` of them, nor where the visible examples show no fault; else the
        Q-values of the last program decide: off goes on, halt stops at a halt value above 0,
        halt_continue at one above the value of continuing. Who explores does not ask them.
        """
        last, sample = self.last, self.last.edit.sample
        if self.lost or len(self.turns) >= max_edits:
            return False
        if all(one.passed for one in last.feedback):
            return False
        bar = {"off": float("inf"), "halt": 0.0, "halt_continue": sample.q_continue}[act]
        return explores or sample.q_halt <= bar


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Episodes of one task that began together, and are judged by each other."""

    drawn: Drawn
    episodes: list[Episode]
