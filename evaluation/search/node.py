"""A program that a search drew and ran: its place in the episode and its value."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from policy.drafts import Draft
from policy.judging import sigmoid


@dataclass(frozen=True, eq=False)
class Node:
    """A distinct program of a task, with what its run on the visible examples showed."""

    draft: Draft
    """The program and its feedback, as the policy reads them before the next edit."""
    source: str
    q_halt: float
    """Logit of the chance that the program is right."""
    q_continue: float
    """Logit of the value of another edit."""
    parent: Self | None = None
    """The program that it was edited from; None: a first program."""
    pointer: str = ""
    """JSON pointer of the node of the parent's program that was written anew."""

    @property
    def edits(self) -> int:
        """Edits from nothing to this program: 1 for a first program."""
        return 1 + (self.parent.edits if self.parent else 0)

    @property
    def passed(self) -> int:
        """Visible examples that it passes."""
        return sum(one.passed for one in self.draft.feedback)

    @property
    def share(self) -> float:
        """Share of the visible examples that it passes; 0 where there are none."""
        return self.passed / max(1, len(self.draft.feedback))

    @property
    def agrees(self) -> bool:
        """Whether no visible example speaks against it."""
        return self.passed == len(self.draft.feedback)

    @property
    def halts(self) -> bool:
        """Whether the search may end with it: it agrees, and more likely than not is right."""
        return self.agrees and self.q_halt > 0

    @property
    def value(self) -> float:
        """What it is worth, in 0..1: the mean of what the examples and what the Q-head say."""
        judged = sigmoid(self.q_halt)
        return (self.share + judged) / 2 if self.draft.feedback else judged

    def may_grow(self, max_edits: int) -> bool:
        """Whether an edit of it makes sense: nothing tells what to change where all passed."""
        return self.edits < max_edits and not (self.draft.feedback and self.agrees)

    def episode(self) -> list["Node"]:
        """Return the programs from the first one to this one."""
        return [*(self.parent.episode() if self.parent else ()), self]


def ranked(nodes: Iterable[Node]) -> list[Node]:
    """Best first: by examples passed, then by Q-halt, then the shorter program."""
    return sorted(nodes, key=lambda node: (-node.share, -node.q_halt, len(node.draft.actions)))
