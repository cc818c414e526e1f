"""What the automaton knows of each row before the first action."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from policy.grammar import context
from policy.grammar.context import Flag
from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.layout import (
    COLUMNS,
    ENTRY_BIT,
    KIND_BIT,
    NEST,
    PARAM_BIT,
    PLACE,
    POINTER_ENTRY,
    POINTER_PARAM,
    SEEN,
    WHERE,
)
from policy.grammar.profiles import Profile

UNLIMITED = 1_000_000


@dataclass(frozen=True)
class RowContext:
    """What the masks of one row depend on: the task's signature, literals and constraints."""

    num_params: int = 0
    num_literals: int = 0
    literal_types: tuple[str, ...] = ()
    param_types: tuple[str, ...] = ()
    return_type: str = "Any"
    forbid: tuple[str, ...] = ()
    """Node classes of Python's ast that the program must not hold."""
    max_nodes: int | None = None
    """Most statements and expressions of the program (see `count_nodes`)."""
    has_entry: bool = True
    """Whether the task names an entry point."""


class Rows(NamedTuple):
    """One value a row, [B]; sets of parameters and literals are pointers' bits."""

    variant: Int[Tensor, " B"]
    """First hole of the row's variant in the tables."""
    params: Int[Tensor, " B"]
    """Parameters that exist."""
    entry: Int[Tensor, " B"]
    """The entry point's bit, if it exists."""
    plain: Int[Tensor, " B"]
    """Literals that may be used outside of f-strings alone."""
    quotable: Int[Tensor, " B"]
    """Those that may be used inside as well."""
    max_nodes: Int[Tensor, " B"]

    def take(self, rows: Int[Tensor, " N"]) -> "Rows":
        """The values of the given rows, in their order."""
        return Rows(*(values.index_select(0, rows) for values in self))


def rows_of(contexts: Sequence[RowContext], forbids: Sequence[tuple[str, ...]], root: Root) -> Rows:
    """The row tensors, on the CPU. Raises ValueError for what the vocabulary cannot point at."""
    variants = {forbid: i * GRAMMAR.num_holes for i, forbid in enumerate(forbids)}
    # Under Root.BODY the entry function itself is one statement.
    own = int(root is Root.BODY)
    columns = [
        (
            variants[row.forbid],
            _params(row) << POINTER_PARAM,
            int(row.has_entry) << POINTER_ENTRY,
            *_literals(row),
            UNLIMITED if row.max_nodes is None else row.max_nodes - own,
        )
        for row in contexts
    ]
    return Rows(*torch.tensor(columns, dtype=torch.int64).reshape(-1, 6).T.contiguous())


def _params(row: RowContext) -> int:
    if row.num_params > GRAMMAR.max_params:
        raise ValueError(f"{row.num_params} parameters: at most {GRAMMAR.max_params} can be named")
    return (1 << row.num_params) - 1


def _literals(row: RowContext) -> tuple[int, int]:
    if row.num_literals > GRAMMAR.max_literals:
        raise ValueError(f"{row.num_literals} literals: at most {GRAMMAR.max_literals} are allowed")
    numeric = [name in {"int", "float"} for name in row.literal_types[: row.num_literals]]
    quotable = sum(1 << i for i, found in enumerate(numeric) if found)
    return ((1 << row.num_literals) - 1) & ~quotable, quotable


def first_holes(profile: Profile, contexts: Sequence[RowContext], root: Root) -> Int[Tensor, "B 3"]:
    """The first hole of each row, on the CPU."""
    holes = [_first_hole(profile, row, root) for row in contexts]
    return torch.tensor(holes, dtype=torch.int64).reshape(-1, COLUMNS)


def _first_hole(profile: Profile, row: RowContext, root: Root) -> list[int]:
    words = [0] * COLUMNS
    hole = GRAMMAR.holes[GRAMMAR.hole_ids[root.value]]
    words[PLACE] = hole.id | context.kind(hole) << KIND_BIT
    words[WHERE] = NEST
    if root is Root.BODY:
        words[SEEN] = _params(row) << PARAM_BIT | int(row.has_entry) << ENTRY_BIT
        must = profile.returns and row.return_type != "None"
        words[WHERE] |= Flag.FUNCTION | (Flag.MUST_RETURN if must else 0)
    return words
