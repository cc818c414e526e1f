"""A workbench over a tree that is known: the sampler and the sandbox of the algorithms' tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from evaluation.search.node import Node
from evaluation.search.rounds import Request
from policy.drafts import Draft, Feedback

Path = tuple[int, ...]
EXAMPLES = 4


@dataclass
class TreeWorkbench:
    """Every program has `branches` edits, drawn in turn for ever; `judge` says what one is worth.

    `judge` gives examples passed and the logits of Q-halt and Q-continue, by the path from the root
    (a program's actions are its path).
    """

    judge: Callable[[Path], tuple[int, float, float]]
    branches: int = 3
    calls: list[list[tuple[int, Request]]] = field(default_factory=list)
    turns: dict[tuple[int, Path], int] = field(default_factory=dict)
    on_call: Callable[[], None] = lambda: None

    def expand(self, wanted: Sequence[tuple[int, Request]]) -> list[list[Node | None]]:
        self.calls.append(list(wanted))
        self.on_call()
        return [
            [self._draw(task, request.parent) for _ in range(request.count)]
            for task, request in wanted
        ]

    def _draw(self, task: int, parent: Node | None) -> Node | None:
        path = parent.draft.actions if parent else ()
        turn = self.turns.get((task, path), 0)
        self.turns[task, path] = turn + 1
        return None if turn >= self.branches else self.node((*path, turn), parent)

    def node(self, path: Path, parent: Node | None = None) -> Node:
        passed, q_halt, q_continue = self.judge(path)
        verdicts = ["PASSED"] * passed + ["WRONG_ANSWER"] * (EXAMPLES - passed)
        draft = Draft(path, tuple(map(Feedback, verdicts)))
        return Node(draft, f"program {path}", q_halt, q_continue, parent)

    @property
    def batches(self) -> list[int]:
        """Programs drawn in each call."""
        return [sum(request.count for _, request in call) for call in self.calls]


@pytest.fixture
def hopeless() -> TreeWorkbench:
    """No program passes anything, and no two edits of one are the same."""
    return TreeWorkbench(lambda path: (0, -1.0, 0.0), branches=1000)
