"""What the automaton knows of each row before the first action."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from policy.grammar.bits import FIRST_SLOT, FRESH, GIVEN, PLAIN, SOURCES, STORABLE, UNSEEN
from policy.grammar.context import Flag
from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.layout import (
    BEYOND_BIT,
    MAX_DEPTH,
    NEST,
    OUTER_BIT,
    PARENT_BIT,
    PLACE,
    ROOT_PARENT,
    ROOT_SCOPE,
    SCOPE_BIT,
    WHERE,
    signed,
)
from policy.grammar.moves import codes
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
    require: tuple[str, ...] = ()
    """Those that it must hold."""
    max_nodes: int | None = None
    """Most statements and expressions of the program (see `count_nodes`)."""
    has_entry: bool = True
    """Whether the task names an entry point."""


class Rows(NamedTuple):
    """What each row's task gives."""

    variant: Int[Tensor, " B"]
    """Which of what tasks forbid counts."""
    sources: Int[Tensor, "B 6 1"]
    """What is added to what is seen, or what is not, to make the sources of pointers of it."""
    max_nodes: Int[Tensor, " B"]

    def take(self, rows: Int[Tensor, " N"]) -> "Rows":
        """The values of the given rows, in their order."""
        return Rows(*(values.index_select(0, rows) for values in self))


def rows_of(contexts: Sequence[RowContext], forbids: Sequence[tuple[str, ...]], root: Root) -> Rows:
    """The row tensors, on the CPU. Raises ValueError for what the vocabulary cannot point at."""
    variants = {forbid: i for i, forbid in enumerate(forbids)}
    # Under Root.BODY the entry function itself is one statement.
    own = int(root is Root.BODY)
    limits = [UNLIMITED if row.max_nodes is None else row.max_nodes - own for row in contexts]
    return Rows(
        torch.tensor([variants[row.forbid] for row in contexts], dtype=torch.int64),
        torch.tensor([_sources(row) for row in contexts], dtype=torch.int64).view(-1, SOURCES, 1),
        torch.tensor(limits, dtype=torch.int64),
    )


def _first(count: int, prefix: str) -> int:
    """The first so many names or literals of a sort, as bits of a word of a set."""
    return ((1 << count) - 1) << GRAMMAR.action_ids[f"{prefix}_0"] % 64


_ENTRY: Final = 1 << GRAMMAR.action_ids["ENTRY"] % 64


def _params(row: RowContext) -> int:
    if row.num_params > GRAMMAR.max_params:
        raise ValueError(f"{row.num_params} parameters: at most {GRAMMAR.max_params} can be named")
    return _first(row.num_params, "PARAM")


def _sources(row: RowContext) -> list[int]:
    """As `Rows.sources`."""
    if row.num_literals > GRAMMAR.max_literals:
        raise ValueError(f"{row.num_literals} literals: at most {GRAMMAR.max_literals} are allowed")
    types = row.literal_types[: row.num_literals]
    numeric = sum(1 << i for i, name in enumerate(types) if name in {"int", "float"})
    found = [0] * SOURCES
    # There are no other parameters to define.
    found[UNSEEN] = ~_first(GRAMMAR.max_params, "PARAM") | _params(row)
    found[STORABLE] = found[FRESH] = FIRST_SLOT
    found[GIVEN] = numeric << GRAMMAR.action_ids["LIT_0"] % 64 | row.has_entry * _ENTRY
    found[PLAIN] = _first(row.num_literals, "LIT") & ~found[GIVEN]
    return [signed(word) for word in found]


def first_holes(
    profile: Profile, contexts: Sequence[RowContext], root: Root
) -> tuple[Int[Tensor, "B 2"], Int[Tensor, " B"]]:
    """The first hole of each row, and what is seen there; on the CPU."""
    inside = root is Root.BODY
    must = [inside and profile.returns and row.return_type != "None" for row in contexts]
    words = _first_words(root).repeat(len(contexts), 1)
    words[:, WHERE] += torch.tensor(must) * int(Flag.MUST_RETURN)
    seen = [inside * signed(_params(row) | row.has_entry * _ENTRY) for row in contexts]
    return words, torch.tensor(seen, dtype=torch.int64)


@lru_cache(maxsize=2)
def _first_words(root: Root) -> Int[Tensor, " 2"]:
    """The first hole where no value must be returned."""
    words = torch.from_numpy(codes()[:, GRAMMAR.hole_ids[root.value]].copy())
    words[PLACE] += ROOT_PARENT << PARENT_BIT
    words[WHERE] += NEST + (ROOT_SCOPE << SCOPE_BIT) + (ROOT_SCOPE << OUTER_BIT)
    words[WHERE] += -MAX_DEPTH << BEYOND_BIT
    if root is Root.BODY:
        words[WHERE] += int(Flag.FUNCTION)
    return words
