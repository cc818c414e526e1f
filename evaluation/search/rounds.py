"""The loop of a search: every task's strategy asks, one batch draws and runs, every one is told.

    found = search(workbench, [strategy(config) for task in tasks], Budget(nodes=32))
    found[0].ranked[0].source

A strategy chooses which programs of one task to edit next. Those of all tasks ask before anything
is drawn, so a round is one call of the sampler and one of the sandbox, however many tasks and
nodes are expanded in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evaluation.search.budget import Budget
from evaluation.search.node import Node, ranked


@dataclass(frozen=True)
class Request:
    """Edits to draw."""

    parent: Node | None
    """The program to edit; None: write first programs."""
    count: int


class Strategy(Protocol):
    """The search of one task."""

    def ask(self, left: int) -> Sequence[Request]:
        """Say what to draw next: at least one program, and at most the `left` that may be."""
        ...

    def tell(self, request: Request, drawn: Sequence[Node | None]) -> None:
        """Take what was drawn for a request; None: a program seen before, or that never ran."""
        ...


class Workbench(Protocol):
    """Draws and runs."""

    def expand(self, wanted: Sequence[tuple[int, Request]]) -> list[list[Node | None]]:
        """Draw the edits of all (task, request) in one batch, and run the new programs in one."""
        ...


@dataclass
class Found:
    """What a search found for one task."""

    nodes: list[Node] = field(default_factory=list)
    """The distinct programs that were run, in the order of their drawing."""
    drawn: int = 0
    """Programs drawn, those seen before included."""
    rounds: int = 0

    @property
    def ranked(self) -> list[Node]:
        """The programs, best first."""
        return ranked(self.nodes)


def search(workbench: Workbench, strategies: Sequence[Strategy], budget: Budget) -> list[Found]:
    """Search all tasks side by side until each halts, has spent its programs, or time is over.

    A task halts with a program that passes its visible examples and that Q-halt thinks right. The
    first round is made however short the time.
    """
    found = [Found() for _ in strategies]
    searching = dict(enumerate(strategies))
    while searching:
        wanted = [
            (task, request)
            for task, strategy in searching.items()
            for request in strategy.ask(budget.nodes - found[task].drawn)
        ]
        for (task, request), drawn in zip(wanted, workbench.expand(wanted), strict=True):
            searching[task].tell(request, drawn)
            found[task].drawn += len(drawn)
            found[task].nodes += [node for node in drawn if node is not None]
        for task in searching:
            found[task].rounds += 1
        going = [task for task in searching if _goes_on(found[task], budget)]
        searching = {task: strategies[task] for task in going}
    return found


def _goes_on(found: Found, budget: Budget) -> bool:
    left = found.drawn < budget.nodes and not budget.expired
    return left and not any(node.halts for node in found.nodes)
