"""Monte Carlo tree search over edits, by UCB1 (Auer, Cesa-Bianchi, Fischer 2002).

A program has endlessly many edits, so a node's arms are the programs drawn from it so far and one
arm more: another edit of the node itself. The Q-continue of the node is that arm's first reward.
Every program drawn rewards all arms on its path with its value; one seen before is worth nothing.
Several leaves are chosen before any is run: those still out count as losses, so that the next goes
elsewhere (virtual loss).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from evaluation.search.node import Node
from evaluation.search.rounds import Request
from policy.judging import sigmoid

_UNKNOWN = 0.5
"""First reward of writing another first program: nothing is known of it."""


@dataclass
class Arm:
    """A choice: how often it was made, those still out included, and what it gave in all."""

    tries: int
    reward: float

    def bound(self, tries: int, exploration: float) -> float:
        """UCB1 among arms of `tries` in all."""
        return self.reward / self.tries + exploration * math.sqrt(math.log(tries) / self.tries)


@dataclass(eq=False)
class _Tree:
    """A program with what was drawn from it; the root has none."""

    node: Node | None
    parent: Self | None
    arm: Arm
    """This program and all below it, as its parent sees them."""
    another: Arm
    """Another edit of this program."""
    children: list[Self] = field(default_factory=list)

    def best_child(self, exploration: float) -> Self | None:
        """Return the child with the highest bound; None where another edit has it."""
        tries = self.another.tries + sum(child.arm.tries for child in self.children)
        best, highest = None, self.another.bound(tries, exploration)
        for child in self.children:
            bound = child.arm.bound(tries, exploration)
            if bound > highest:
                best, highest = child, bound
        return best


class Mcts:
    """`leaves` programs a round; `exploration` is UCB1's constant (the published one is √2)."""

    def __init__(self, leaves: int, max_edits: int, exploration: float) -> None:
        self._leaves, self._max_edits, self._exploration = leaves, max_edits, exploration
        root = _Tree(None, None, Arm(0, 0.0), Arm(1, _UNKNOWN))
        self._trees: dict[Node | None, _Tree] = {None: root}

    def ask(self, left: int) -> Sequence[Request]:
        """See `Strategy.ask`."""
        chosen = Counter(self._choose() for _ in range(min(self._leaves, left)))
        return [Request(node, count) for node, count in chosen.items()]

    def tell(self, request: Request, drawn: Sequence[Node | None]) -> None:
        """See `Strategy.tell`."""
        tree = self._trees[request.parent]
        for node in drawn:
            if node is None:
                continue
            tree.another.reward += node.value
            self._reward(tree, node.value)
            if node.may_grow(self._max_edits):
                tree.children.append(self._tree(node, tree))

    def _tree(self, node: Node, parent: _Tree) -> _Tree:
        going_on = sigmoid(node.q_continue)
        tree = _Tree(node, parent, Arm(2, node.value + going_on), Arm(1, going_on))
        self._trees[node] = tree
        return tree

    def _choose(self) -> Node | None:
        """Go down to the program to edit, and count the choices as tried."""
        tree = self._trees[None]
        while (child := tree.best_child(self._exploration)) is not None:
            child.arm.tries += 1
            tree = child
        tree.another.tries += 1
        return tree.node

    def _reward(self, tree: _Tree, value: float) -> None:
        above: _Tree | None = tree
        while above is not None:
            above.arm.reward += value
            above = above.parent
