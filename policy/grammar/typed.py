"""Typed holes: what each hole on the stack expects, and the types of names, for B rows.

Beside the automaton's stack stands one of expectations (`expectations.State` by number), and beside
its names their types. Both are read and written as the automaton's own are, in indexed operations.

B rows, D places of the stack, V actions, T types, P sets of atoms, W words of a set of actions.
"""

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import Final, NamedTuple, Self

import torch
from jaxtyping import Int
from torch import Tensor

from policy.grammar.bits import GIVEN, PLAIN, SEEN, SOURCES
from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.layout import signed
from policy.grammar.profiles import Profile
from policy.grammar.rows import RowContext
from policy.grammar.typed_files import KINDS, WRITES
from policy.grammar.typed_tables import Typing, body_state, typing_on
from policy.grammar.value_types import ATOMS, Type, of_parameter

_LITERALS: Final = {"int": Type.INT, "float": Type.FLOAT, "str": Type.STR}
_PER_ROW: Final = {"_states": 1, "_kinds": 1, "_words": 0}
"""The dimension of the rows."""


class Expected(NamedTuple):
    """What typed holes ask of an action."""

    sets: Int[Tensor, "N W"]
    """Actions of a fitting type, names and literals aside."""
    known: Int[Tensor, "N 6 1"]
    """Those of each source (`bits.SEEN` and so on) that fit."""


class TypedHoles:
    """The expectations of B rows; every method but the first takes the automaton's own tensors."""

    def __init__(
        self,
        profile: Profile,
        contexts: Sequence[RowContext],
        depth: int,
        root: Root,
        device: torch.device,
    ) -> None:
        self._on = typing_on(profile, device)
        count = len(contexts)
        self._states = torch.zeros(depth, count, dtype=torch.int64, device=device)
        if root is Root.BODY:
            first = [body_state(self._on, row.return_type) for row in contexts]
            self._states[1] = torch.tensor(first, device=device)
        kinds, words = zip(
            *(_known(self._on, row.param_types, row.literal_types) for row in contexts), strict=True
        )
        self._kinds = torch.stack(kinds, dim=1).to(device)
        self._words = torch.stack(words).to(device)
        self._read(torch.ones(1, count, dtype=torch.int64, device=device))

    def push(
        self, actions: Int[Tensor, " B"], bits: Int[Tensor, " B"], top: Int[Tensor, " B"]
    ) -> None:
        """Take the actions; `bits` are the names that they bind, `top` the stack's new height."""
        on, action, top = self._on, actions[None], top[None]
        kind = self._kinds.gather(0, action)
        cell = torch.add(kind[0], self.state[0], alpha=KINDS)
        row = on.pushes.index_select(0, on.fill.index_select(0, cell))
        places, states, stored = torch.split(row.t(), [WRITES, WRITES, 1])
        # Only what is not allowed can leave the stack.
        places = (places + top).clamp_(0, self._states.shape[0] - 1)
        self._states.scatter_(0, places, states)
        self._kinds.scatter_(0, action, stored)
        bound = on.meets.index_select(0, stored[0]).bitwise_and_(bits[:, None])
        self._words[:, SEEN].bitwise_or_(bound)
        self._read(top)

    def _read(self, top: Int[Tensor, "1 B"]) -> None:
        expected = self._states.gather(0, top)[0]
        plane = self._on.planes.index_select(0, expected)
        known = self._words.gather(2, plane[:, None, None].expand(-1, SOURCES, 1))
        self.state = expected, known

    def asked(
        self, expected: Int[Tensor, " N"] | None = None, known: Int[Tensor, "N 6 1"] | None = None
    ) -> Expected:
        """What the holes ask that were read now, or once."""
        if expected is None or known is None:
            expected, known = self.state
        return Expected(self._on.sets.index_select(0, expected), known)

    def fork(self, rows: Int[Tensor, " N"]) -> Self:
        """Copies of the given rows."""
        forked = copy(self)
        for name, dim in _PER_ROW.items():
            setattr(forked, name, getattr(self, name).index_select(dim, rows))
        expected, known = self.state
        forked.state = expected.index_select(0, rows), known.index_select(0, rows)
        return forked

    def put(self, rows: Int[Tensor, " N"], other: Self) -> None:
        """Let the rows of `other` take the place of these."""
        for name, dim in _PER_ROW.items():
            getattr(self, name).index_copy_(dim, rows, getattr(other, name))
        for mine, theirs in zip(self.state, other.state, strict=True):
            mine.index_copy_(0, rows, theirs)


@lru_cache(maxsize=1024)
def _known(
    on: Typing, param_types: tuple[str, ...], literal_types: tuple[str, ...]
) -> tuple[Int[Tensor, " V"], Int[Tensor, "6 P"]]:
    """What each action stands for, and what of each source meets which atoms; on the CPU."""
    types = {
        "PARAM": [of_parameter(text) for text in param_types[: GRAMMAR.max_params]],
        "LIT": [_LITERALS.get(name, Type.OTHER) for name in literal_types],
        "LOCAL": [Type.UNBOUND] * GRAMMAR.max_locals,
    }
    types["PARAM"] += [Type.UNKNOWN] * (GRAMMAR.max_params - len(types["PARAM"]))
    kinds = torch.arange(GRAMMAR.num_actions)
    for prefix, found in types.items():
        for at, one in enumerate(found):
            kinds[GRAMMAR.action_ids[f"{prefix}_{at}"]] = GRAMMAR.num_actions + one
    kinds[GRAMMAR.action_ids["ENTRY"]] = GRAMMAR.num_actions + Type.FUNC
    words = torch.full((SOURCES, len(on.atoms)), -1, dtype=torch.int64)
    for plane, atoms in enumerate(on.atoms):
        names = _failing("PARAM", types["PARAM"], atoms) | _failing("LOCAL", types["LOCAL"], atoms)
        names |= 0 if ATOMS[Type.FUNC] & atoms else 1 << GRAMMAR.action_ids["ENTRY"] % 64
        words[SEEN, plane] = signed(~names)
        words[[PLAIN, GIVEN], plane] = signed(~_failing("LIT", types["LIT"], atoms))
    return kinds, words


def _failing(prefix: str, types: Sequence[Type], atoms: int) -> int:
    """Those whose types meet none of the atoms, as bits of a word of a set."""
    ids = [GRAMMAR.action_ids[f"{prefix}_{at}"] for at in range(len(types))]
    return sum(1 << at % 64 for at, one in zip(ids, types, strict=True) if not ATOMS[one] & atoms)
