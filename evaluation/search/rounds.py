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
        """Say what to draw next, `left` programs at most; nothing: the search is over."""
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

    A task halts with a program that passes its visible examples and that Q-halt thinks right.
    """
    found = [Found() for _ in strategies]
    searching = dict(enumerate(strategies))
    while searching and not budget.expired:
        wanted = [
            (task, request)
            for task, strategy in searching.items()
            for request in strategy.ask(budget.nodes - found[task].drawn)
        ]
        for (task, request), drawn in zip(wanted, workbench.expand(wanted), strict=True):
            searching[task].tell(request, drawn)
            found[task].drawn += len(drawn)
            found[task].nodes += [node for node in drawn if node is not None]
        asked = {task for task, _ in wanted}
        for task in asked:
            found[task].rounds += 1
        searching = {
            task: strategy
            for task, strategy in searching.items()
            if task in asked and _goes_on(found[task], budget)
        }
    return found


def _goes_on(found: Found, budget: Budget) -> bool:
    return found.drawn < budget.nodes and not any(node.halts for node in found.nodes)
