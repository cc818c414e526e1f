"""Refinement episodes: a task's first program, then edits of it until it is right or given up.

    groups = [TaskGroup(drawn, [Episode(), …]), …]
    while going := [one for group in groups for one in group.episodes if one.goes_on(…)]:
        …                           # an edit of each, run, recorded

What an episode decides by, and what the policy reads of its programs, are the visible examples
alone; the hidden tests make the reward.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from actors.tasks import Drawn
from policy.drafts import Draft, Feedback
from policy.edits import Edit
from policy.judging import QValues
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
    judged: QValues | None = None
    """What the Q-heads said of the program once it was run; None where they do not judge drafts, or
    where no edit was due whatever they would say."""

    @property
    def values(self) -> QValues:
        """What is known of the Q-heads' opinion: the newest."""
        sample = self.edit.sample
        return self.judged or QValues(sample.q_halt, sample.q_continue)

    @property
    def draft(self) -> Draft:
        """What the next edit starts from."""
        return Draft(self.edit.sample.actions, self.feedback)


@dataclass(slots=True, eq=False)
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

    def judged(self, values: QValues) -> None:
        """Take what the Q-heads say of the last program."""
        self.turns[-1] = replace(self.last, judged=values)

    def over(self, max_edits: int) -> bool:
        """Whether no edit is due, whatever the Q-values are.

        So it is after `max_edits` of them, and where the visible examples show no fault.
        """
        if self.lost or len(self.turns) >= max_edits:
            return True
        return all(one.passed for one in self.last.feedback)

    def goes_on(self, max_edits: int, act: Act, *, explores: bool = False) -> bool:
        """Whether another edit is due.

        If the episode is not over the Q-values of the last program decide: off goes on, halt stops
        at a halt value above 0, halt_continue at one above the value of continuing. Who explores
        does not ask them.
        """
        if self.over(max_edits):
            return False
        values = self.last.values
        bar = {"off": float("inf"), "halt": 0.0, "halt_continue": values.go_on}[act]
        return explores or values.halt <= bar


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """Episodes of one task that began together, and are judged by each other."""

    drawn: Drawn
    episodes: list[Episode]
