"""Keeping the rest of an older program after the node that an edit writes anew.

Shapes: N beginnings, B rows, L1 actions of an older program and a PAD, V vocabulary.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from policy.beginnings import NEVER, Keeping
from policy.grammar import GRAMMAR
from policy.grammar.grammar import PAD

# Where a row stands in the older program, if not at one of its actions.
_WRITING, _FREE = -1, -2


class _Rows(NamedTuple):
    """Per row: what it keeps, the positions at which it begins, and where it stands."""

    actions: Int[Tensor, "B L1"]
    holes: Int[Tensor, "B 2"]
    at: Int[Tensor, "B 2"]
    begins: Int[Tensor, " B"]
    cursor: Int[Tensor, " B"]


class Keeper:
    """Forces what is kept on the rows of a batch, as long as each action is legal.

    A row first draws until its node is done. Then the older program's actions follow; from the
    first that the mask forbids on the row draws again, to its end.
    """

    def __init__(
        self, keeping: Keeping, begins: Int[Tensor, " N"], sources: Int[Tensor, " B"]
    ) -> None:
        self._keeping, self._begins = keeping, begins
        self._rows = self._of(sources)
        self._ends = _ends(begins.device)

    def keep(self, allowed: Bool[Tensor, "B V"]) -> tuple[Int[Tensor, " B"], Bool[Tensor, " B"]]:
        """Give the older program's next action for each row, and whether it is kept."""
        rows = self._rows
        next_kept = rows.actions.gather(1, rows.cursor.clamp(min=0)[:, None])
        at_kept = rows.cursor >= 0
        # After its end the older program is PAD, which a finished row would take again and again.
        kept = at_kept & allowed.gather(1, next_kept)[:, 0] & (next_kept[:, 0] != PAD)
        cursor = torch.where(kept, rows.cursor + 1, torch.where(at_kept, _FREE, rows.cursor))
        self._rows = rows._replace(cursor=cursor)
        return next_kept[:, 0], kept

    def pushed(
        self,
        actions: Int[Tensor, " B"],
        positions: Int[Tensor, " B"],
        open_holes: Int[Tensor, " B"],
    ) -> None:
        """Look which nodes are done, the actions at these positions having been pushed."""
        rows = self._rows
        # With an action that ends its list as many holes may be open as with one that does not.
        ended = (positions == rows.begins) & self._ends[actions]
        holes = rows.holes.clone()
        holes[:, 1].masked_fill_(ended, NEVER)
        done = (open_holes[:, None] == holes) & (rows.cursor == _WRITING)[:, None]
        follows = torch.where(done[:, 0], rows.at[:, 0], rows.at[:, 1])
        self._rows = rows._replace(
            holes=holes, cursor=torch.where(done.any(1), follows, rows.cursor)
        )

    def put(self, rows: Int[Tensor, " R"], sources: Int[Tensor, " R"]) -> None:
        """Let programs that begin there take the place of finished rows."""
        for mine, theirs in zip(self._rows, self._of(sources), strict=True):
            mine.index_copy_(0, rows, theirs)

    def select(self, rows: Int[Tensor, " R"]) -> None:
        """Let each row become what row `rows[i]` was."""
        self._rows = _Rows(*(values[rows] for values in self._rows))

    def _of(self, sources: Int[Tensor, " B"]) -> _Rows:
        actions, holes, at = (table.index_select(0, sources) for table in self._keeping)
        begins = self._begins.index_select(0, sources)
        return _Rows(actions, holes, at, begins, torch.full_like(sources, _WRITING))


@lru_cache(maxsize=4)
def _ends(device: torch.device) -> Bool[Tensor, " V"]:
    return torch.tensor([action.ends for action in GRAMMAR.actions], device=device)
