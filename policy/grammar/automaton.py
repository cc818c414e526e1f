"""The grammar as a batched pushdown automaton: masks and features for B programs at once.

    automaton = Automaton(PROFILES["core"], contexts, 192, Root.BODY, device)
    while not automaton.finished.all():
        automaton.push(choose(automaton.features(), automaton.mask()))

Each row holds a stack of holes. A step reads the hole on top, allows what the profile's tables and
the words that the hole inherited allow, and puts the chosen action's holes in its place. Every step
is a fixed number of indexed reads and writes: no loop over rows or depth, and no value leaves the
device.

B rows, D places of the stack, V actions, C holes that an action opens at most, L positions.
"""

from collections.abc import Sequence
from copy import copy
from typing import Self

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from policy.grammar import masks
from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.masks import allowed, tables_on
from policy.grammar.profiles import Profile
from policy.grammar.rows import RowContext, Rows, first_entries, rows_of
from policy.grammar.tables import (
    COLUMNS,
    DEPTH,
    FLAGS,
    HOLE,
    MAX_CHILDREN,
    NAMES,
    PARENT,
    SCOPE,
    SLOT,
)
from policy.grammar.trace import Trace

NUM_FEATURES = 6
MAX_FEATURE = 31
# Columns of the links: names first, then positions, of which the root's is -1.
_FIRST_POSITION = 64
_PER_ROW = (
    "_top", "_stack", "_height", "_links", "_previous", "_open", "_nodes_left", "_position"
)  # fmt: skip


class Automaton:
    """B programs being written.

    Raises ValueError where the budget or a row's constraints leave no program, or a row has more
    parameters or literals than the vocabulary can point at.
    """

    def __init__(
        self,
        profile: Profile,
        contexts: Sequence[RowContext],
        max_actions: int,
        root: Root,
        device: torch.device,
    ) -> None:
        forbids = ((), *sorted({row.forbid for row in contexts} - {()}))
        self._tables = tables_on(profile, forbids, device)
        self._rows = Rows(*(values.to(device) for values in rows_of(contexts, forbids, root)))
        self._max_actions = max_actions
        self._counted = any(row.max_nodes is not None for row in contexts)
        self._constrained = len(forbids) > 1 or self._counted
        self._top = first_entries(profile, contexts, root).to(device)
        count = len(contexts)

        def full(*shape: int, value: int = -1) -> Tensor:
            return torch.full((count, *shape), value, dtype=torch.int64, device=device)

        self._depth = max_actions + MAX_CHILDREN + 2
        self._stack = full(self._depth, COLUMNS, value=0)
        self._stack[:, 0] = self._top
        self._height = full(value=1)
        # Rows that began at different times stand at different positions.
        self._position = full(value=0)
        self._index = torch.arange(count, device=device)
        self._places = torch.arange(MAX_CHILDREN + 1, device=device)
        self._no_hole = torch.zeros(COLUMNS, dtype=torch.int64, device=device)
        self._no_hole[PARENT] = -1
        # Where each name was used last, and a child of each action filled last.
        self._links = full(_FIRST_POSITION + max_actions)
        self._previous = full(2)
        self._open = self._tables.least[self._rows.offset + self._top[:, HOLE]]
        self._nodes_left = self._rows.max_nodes
        self._check(contexts)

    def _check(self, contexts: Sequence[RowContext]) -> None:
        limits = self._rows.max_nodes.tolist()
        for row, (actions, nodes), limit in zip(contexts, self._open.tolist(), limits, strict=True):
            if actions > self._max_actions:
                raise ValueError(
                    f"max_actions: the shortest program takes {actions}, got {self._max_actions}"
                )
            if nodes > limit:
                raise ValueError(
                    f"constraints.max_nodes: the smallest program has {nodes - limit} nodes more "
                    f"than {row.max_nodes}"
                )

    @property
    def finished(self) -> Bool[Tensor, " B"]:
        """Rows whose program is complete; they take PAD alone and ignore what is pushed."""
        return self._height == 0

    def features(self) -> Int[Tensor, "B 6"]:
        """What the network is told about the next action; -1 stands for no position.

        Hole type; positions of the parent and of the previous sibling; depth and slot, both at most
        31; the position at which the name that the last action used was used before.
        """
        return _features(self._top, self._previous)

    def mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, the task's constraints included."""
        actions, nodes = self._budgets()
        return allowed(self._tables, self._rows, self._top, actions, nodes)

    def grammar_mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, were there no constraints from here on."""
        actions, _ = self._budgets()
        return allowed(self._tables, _unconstrained(self._rows), self._top, actions, None)

    def _budgets(self) -> tuple[Int[Tensor, " B"], Int[Tensor, " B"] | None]:
        """How many actions and nodes are left for the hole on top, after what the others take."""
        hole = self._rows.offset + self._top[:, HOLE]
        others = self._open - self._tables.least.index_select(0, hole)
        actions = self._max_actions - self._position - 1 - others[:, 0]
        return actions, self._nodes_left - others[:, 1] if self._counted else None

    def push(self, actions: Int[Tensor, " B"]) -> None:
        """Take one action a row.

        What is not allowed must not be pushed: the row's state is lost then.
        """
        on, vocabulary = self._tables, GRAMMAR.num_actions
        hole = self._top[:, HOLE]
        actions = torch.where(self.finished, 0, actions)
        filled = self._rows.offset + hole
        filling = on.fillings.index_select(0, filled * vocabulary + actions)
        cost = filling[:, masks.COST : masks.NODES] - on.least.index_select(0, filled)
        nodes = filling[:, masks.NODES]
        self._open = self._open + cost
        self._open[:, 1] -= nodes
        self._nodes_left = self._nodes_left - nodes
        self._bind(filling[:, masks.BINDS : masks.COST])
        rest = filling[:, masks.REST]
        stays = (rest > 0).to(torch.int64)
        place = self._height - 1
        self._write((stays * 3 + on.mode[hole]) * vocabulary + actions, place, rest)
        # Only what is not allowed can overflow the stack.
        limit = self._depth - MAX_CHILDREN - 1
        self._height = (place + stays + filling[:, masks.CHILDREN]).clamp(0, limit)
        self._link(filling[:, masks.NAME_SLOT])
        self._position = self._position + 1

    def _bind(self, words: Int[Tensor, "B 2"]) -> None:
        """Show a bound name, and what the scope has seen, to its open holes and those inside it.

        Scopes are numbered by the action that opened them. Open holes of a later scope lie inside
        this one.
        """
        outside = self._stack[:, :, SCOPE] < self._top[:, SCOPE, None]
        inside = outside.to(torch.int64) - 1
        self._stack[:, :, NAMES : FLAGS + 1] |= words[:, None] & inside[:, :, None]
        self._top[:, NAMES : FLAGS + 1] |= words

    def _write(
        self, kind: Int[Tensor, " B"], place: Int[Tensor, " B"], rest: Int[Tensor, " B"]
    ) -> None:
        """Put what stays of a list and the action's holes, the first on top, at `place`."""
        rows = self._tables.entries.index_select(0, kind)
        keep, add, position = rows.view(-1, MAX_CHILDREN + 1, 3, COLUMNS).unbind(2)
        entries = torch.addcmul(add, position, self._position[:, None, None])
        entries += self._top[:, None] & keep
        entries[:, 0, HOLE] += rest
        places = place[:, None] + self._places
        self._stack[self._index[:, None], places] = entries

    def _link(self, slot: Int[Tensor, " B"]) -> None:
        """Remember where a name was used and a child was filled last; read the next hole."""
        used = self._links[self._index, slot]
        places = torch.stack((slot, self._top[:, PARENT] + _FIRST_POSITION), dim=1)
        self._links.scatter_(1, places, self._position[:, None].expand(-1, 2))
        finished = self.finished[:, None]
        top = self._stack[self._index, self._height - 1]
        self._top = torch.where(finished, self._no_hole, top)
        sibling = self._links[self._index, self._top[:, PARENT] + _FIRST_POSITION]
        used = torch.where(slot > 0, used, -1)
        self._previous = torch.where(finished, -1, torch.stack((sibling, used), dim=1))

    def replay(self, actions: Int[Tensor, "B L"], lengths: Int[Tensor, " B"]) -> Trace:
        """Push whole programs, padded with PAD after `lengths`, on a fresh automaton.

        Masks and features are those of stepping; the masks of all positions are made at once.
        """
        length = actions.shape[1]
        steps = []
        for position in range(length):
            budget, nodes = self._budgets()
            steps.append((self._top.clone(), self._previous, budget, nodes))
            self.push(actions[:, position])
        tops, links, budgets, counts = zip(*steps, strict=True)
        top, previous = torch.stack(tops, 1).flatten(0, 1), torch.stack(links, 1).flatten(0, 1)
        budget = torch.stack(budgets, 1).flatten()
        nodes = torch.stack(counts, 1).flatten() if self._counted else None
        rows = self._rows.take(self._index.repeat_interleave(length))
        mask = allowed(self._tables, rows, top, budget, nodes)
        bare = mask
        if self._constrained:
            bare = allowed(self._tables, _unconstrained(rows), top, budget, None)
        chosen = mask.gather(1, actions.reshape(-1, 1)).view_as(actions)
        inside = torch.arange(length, device=actions.device) < lengths[:, None]
        # PAD inside, or an action outside, means that the program is shorter or longer than it
        # says.
        legal = (chosen & ((actions != 0) == inside)).all(1) & self.finished
        shape = (*actions.shape, -1)
        features = _features(top, previous)
        return Trace(features.view(shape), mask.view(shape), bare.view(shape), legal)

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Keep the given rows, in that order; a row may be kept more than once."""
        self._rows = self._rows.take(rows)
        self._index = torch.arange(len(rows), device=rows.device)
        for name in _PER_ROW:
            setattr(self, name, getattr(self, name)[rows])

    def fork(self, rows: Int[Tensor, " N"]) -> Self:
        """Copies of the given rows, wherever they stand, in an automaton of their own."""
        forked = copy(self)
        forked.select(rows)
        return forked

    def put(self, rows: Int[Tensor, " N"], other: Self) -> None:
        """Let the rows of `other`, a fork of the same automaton, take the place of these."""
        for name in _PER_ROW:
            getattr(self, name).index_copy_(0, rows, getattr(other, name))
        for mine, theirs in zip(self._rows, other._rows, strict=True):
            mine.index_copy_(0, rows, theirs)


def _unconstrained(rows: Rows) -> Rows:
    return rows._replace(offset=torch.zeros_like(rows.offset))


def _features(top: Int[Tensor, "N 8"], previous: Int[Tensor, "N 2"]) -> Int[Tensor, "N 6"]:
    place = top[:, HOLE : PARENT + 1], previous[:, :1]
    capped = top[:, DEPTH : SLOT + 1].clamp(max=MAX_FEATURE)
    return torch.cat((*place, capped, previous[:, 1:]), dim=1)
