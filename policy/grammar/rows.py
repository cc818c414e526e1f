"""What the automaton knows of each row before the first action."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from policy.grammar import context
from policy.grammar.bits import GIVEN_ENTRY
from policy.grammar.context import Flag
from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.layout import (
    COLUMNS,
    ENTRY_BIT,
    KIND_BIT,
    NEST,
    PARAM_BIT,
    PARENT_BIT,
    PLACE,
    ROOT_PARENT,
    SEEN_BITS,
    WHERE,
    WORD_BIT,
)
from policy.grammar.profiles import Profile

UNLIMITED = 1_000_000
_ALL_NAMES = (1 << SEEN_BITS) - 1


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
    """What each row's task gives."""

    variant: Int[Tensor, " B"]
    """First hole of the row's variant in the tables."""
    names: Int[Tensor, "B 2"]
    """Names that there are, as bits of SEEN: all, and those that may become parameters."""
    given: Int[Tensor, "B 2"]
    """Literals that may be used outside of f-strings alone, and what may be used anywhere."""
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
            UNLIMITED if row.max_nodes is None else row.max_nodes - own,
            _ALL_NAMES,
            _ALL_NAMES & -1 << WORD_BIT | _params(row),
            *_literals(row),
        )
        for row in contexts
    ]
    table = torch.tensor(columns, dtype=torch.int64).reshape(-1, 6)
    parts = torch.split(table, [1, 1, 2, 2], dim=1)
    variant, max_nodes, names, given = (part.contiguous() for part in parts)
    return Rows(variant[:, 0], names, given, max_nodes[:, 0])


def _params(row: RowContext) -> int:
    if row.num_params > GRAMMAR.max_params:
        raise ValueError(f"{row.num_params} parameters: at most {GRAMMAR.max_params} can be named")
    return ((1 << row.num_params) - 1) << PARAM_BIT


def _literals(row: RowContext) -> tuple[int, int]:
    if row.num_literals > GRAMMAR.max_literals:
        raise ValueError(f"{row.num_literals} literals: at most {GRAMMAR.max_literals} are allowed")
    numeric = [name in {"int", "float"} for name in row.literal_types[: row.num_literals]]
    quotable = sum(1 << i for i, found in enumerate(numeric) if found)
    plain = ((1 << row.num_literals) - 1) & ~quotable
    return plain, quotable | int(row.has_entry) << GIVEN_ENTRY


def first_holes(
    profile: Profile, contexts: Sequence[RowContext], root: Root
) -> tuple[Int[Tensor, "B 2"], Int[Tensor, " B"]]:
    """The first hole of each row, and what is seen there; on the CPU."""
    holes = [_first_hole(profile, row, root) for row in contexts]
    seen = [
        _params(row) | int(row.has_entry) << ENTRY_BIT if root is Root.BODY else 0
        for row in contexts
    ]
    words = torch.tensor(holes, dtype=torch.int64).reshape(-1, COLUMNS)
    return words, torch.tensor(seen, dtype=torch.int64)


def _first_hole(profile: Profile, row: RowContext, root: Root) -> list[int]:
    words = [0] * COLUMNS
    hole = GRAMMAR.holes[GRAMMAR.hole_ids[root.value]]
    words[PLACE] = hole.id | context.kind(hole) << KIND_BIT | ROOT_PARENT << PARENT_BIT
    words[WHERE] = NEST
    if root is Root.BODY:
        must = profile.returns and row.return_type != "None"
        words[WHERE] |= Flag.FUNCTION | (Flag.MUST_RETURN if must else 0)
    return words
