"""A draft: a program that is being refined, and what came of running it.

An episode goes from draft to draft: `policy.edits.propose` points at a node of a draft and writes
that subtree anew, the sandbox runs the result on the visible examples, and both make the next one.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class _NoValue(Enum):
    """Its one member, the same object in every process."""

    NO_VALUE = "no value"


NO_VALUE: Final = _NoValue.NO_VALUE
"""Stands where a program gave no value; None is a value."""


PASSED: Final = "PASSED"
"""The sandbox's verdict on a program that does what it should."""


@dataclass(frozen=True)
class Feedback:
    """What one visible example said of a program."""

    verdict: str
    """Name of the sandbox's verdict, e.g. "PASSED"."""
    actual: object = NO_VALUE
    """What the program gave."""

    @property
    def passed(self) -> bool:
        """Whether the program did what the example says."""
        return self.verdict == PASSED


@dataclass(frozen=True)
class Draft:
    """A whole program of a task, and its last run."""

    actions: tuple[int, ...]
    """Written with the names of the task's spec (`policy.spec.Spec.names`)."""
    feedback: tuple[Feedback, ...] = ()
    """One for each visible example, in their order; empty if it was not run."""
