"""Best of K: independent episodes, side by side."""

from collections import Counter
from collections.abc import Sequence

from evaluation.search.node import Node
from evaluation.search.rounds import Request


class BestOf:
    """As many episodes at a time as use up the programs in `max_edits` rounds.

    An episode that is over, because its program agrees with the examples, has had its edits, or was
    seen before, makes room for a new one.
    """

    def __init__(self, nodes: int, max_edits: int) -> None:
        self._max_edits = max_edits
        self._episodes: list[Node | None] = [None] * -(-nodes // max_edits)

    def ask(self, left: int) -> Sequence[Request]:
        """See `Strategy.ask`."""
        going, self._episodes = self._episodes[:left], []
        return [Request(node, count) for node, count in Counter(going).items()]

    def tell(self, request: Request, drawn: Sequence[Node | None]) -> None:
        """See `Strategy.tell`."""
        self._episodes += [
            node if node is not None and node.may_grow(self._max_edits) else None for node in drawn
        ]
