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
from policy.grammar.profiles import Profile
from policy.grammar.tables import COLUMNS, FLAGS, HOLE, NAMES, PARENT

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
    """One value a row, [B]."""

    offset: Int[Tensor, " B"]
    """First hole of the row's variant in the tables."""
    flags: Int[Tensor, " B"]
    """Bits of the flags word that hold everywhere in the program."""
    literals: Int[Tensor, " B"]
    """Bits of the literals that may be used."""
    quotable: Int[Tensor, " B"]
    """Those that may be used inside an f-string."""
    max_nodes: Int[Tensor, " B"]

    def take(self, rows: Int[Tensor, " N"]) -> "Rows":
        """The values of the given rows, in their order."""
        return Rows(*(values[rows] for values in self))


def rows_of(contexts: Sequence[RowContext], forbids: Sequence[tuple[str, ...]], root: Root) -> Rows:
    """The row tensors, on the CPU. Raises ValueError for what the vocabulary cannot point at."""
    offsets = {forbid: i * GRAMMAR.num_holes for i, forbid in enumerate(forbids)}
    # Under Root.BODY the entry function itself is one statement.
    own = int(root is Root.BODY)
    columns = [
        (
            offsets[row.forbid],
            _row_flags(row),
            *_literals(row),
            UNLIMITED if row.max_nodes is None else row.max_nodes - own,
        )
        for row in contexts
    ]
    return Rows(*torch.tensor(columns, dtype=torch.int64).reshape(-1, 5).unbind(1))


def _row_flags(row: RowContext) -> int:
    if row.num_params > GRAMMAR.max_params:
        raise ValueError(f"{row.num_params} parameters: at most {GRAMMAR.max_params} can be named")
    exists = ((1 << row.num_params) - 1) << context.PARAM_EXISTS_BIT
    return exists | (context.ENTRY_EXISTS if row.has_entry else 0)


def _literals(row: RowContext) -> tuple[int, int]:
    if row.num_literals > GRAMMAR.max_literals:
        raise ValueError(f"{row.num_literals} literals: at most {GRAMMAR.max_literals} are allowed")
    numeric = [name in {"int", "float"} for name in row.literal_types[: row.num_literals]]
    plain = sum(1 << i for i, found in enumerate(numeric) if found)
    return (1 << row.num_literals) - 1, plain


def first_entries(
    profile: Profile, contexts: Sequence[RowContext], root: Root
) -> Int[Tensor, "B 8"]:
    """The stack's first entry of each row, on the CPU."""
    entries = [_first_entry(profile, row, root) for row in contexts]
    return torch.tensor(entries, dtype=torch.int64).reshape(-1, COLUMNS)


def _first_entry(profile: Profile, row: RowContext, root: Root) -> list[int]:
    entry = [0] * COLUMNS
    entry[HOLE] = GRAMMAR.hole_ids[root.value]
    entry[PARENT] = -1
    if root is Root.BODY:
        params = ((1 << row.num_params) - 1) << context.PARAM_BIT
        entry[NAMES] = params | int(row.has_entry) << context.ENTRY_BIT
        must = profile.returns and row.return_type != "None"
        entry[FLAGS] = int(Flag.FUNCTION | (Flag.MUST_RETURN if must else Flag(0)))
    return entry
