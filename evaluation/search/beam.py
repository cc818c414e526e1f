"""Beam search: in each round the best few programs so far are edited."""

from collections.abc import Sequence
from heapq import nlargest

from evaluation.search.node import Node
from evaluation.search.rounds import Request


class Beam:
    """One round an edit; the programs left are spread evenly over the rounds left and the beam.

    A program stays in the beam until `width` better ones are known: an edit that makes it worse
    does not push it out.
    """

    def __init__(self, width: int, max_edits: int) -> None:
        self._width, self._max_edits = width, max_edits
        self._rounds_left = max_edits
        self._known: list[Node] = []

    def ask(self, left: int) -> Sequence[Request]:
        """See `Strategy.ask`."""
        programs = -(-left // self._rounds_left)
        self._rounds_left -= 1
        growing = [node for node in self._known if node.may_grow(self._max_edits)]
        best = nlargest(self._width, growing, key=lambda node: node.value)
        beam: Sequence[Node | None] = best or [None]
        each, more = divmod(programs, len(beam))
        counts = [each + (place < more) for place in range(len(beam))]
        return [Request(node, n) for node, n in zip(beam, counts, strict=True) if n]

    def tell(self, request: Request, drawn: Sequence[Node | None]) -> None:
        """See `Strategy.tell`."""
        self._known += [node for node in drawn if node is not None]
