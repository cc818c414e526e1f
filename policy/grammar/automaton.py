"""The grammar as a batched pushdown automaton: masks and features for B programs at once.

    automaton = Automaton(PROFILES["core"], contexts, 192, Root.BODY, device)
    while not automaton.finished.all():
        automaton.push(choose(automaton.features(), automaton.mask()))

Each row holds a stack of holes, two words each (`layout`). A step reads the hole on top, allows
what the profile's tables and the words that the hole inherited allow, and puts the chosen action's
holes in its place (`stack`). Every step is a fixed number of indexed reads and writes: no loop over
rows or depth, no shape that depends on values, and no value leaves the device.

B rows, V actions, W words of a set of them, L positions.
"""

from collections.abc import Sequence
from copy import copy
from typing import Self

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from policy.grammar import stack
from policy.grammar.entries import PLACES
from policy.grammar.errors import ConstraintError
from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.layout import ACTIONS, BOUND, HEIGHT, HOLE, MAX_POSITIONS
from policy.grammar.masks import allowed, tables_on, unpack
from policy.grammar.profiles import Profile
from policy.grammar.required import Missing, Required, asks_of
from policy.grammar.rows import RowContext, Rows, first_holes, rows_of
from policy.grammar.stack import stack_for
from policy.grammar.trace import Trace
from policy.grammar.typed import Expected, TypedHoles


class Automaton:
    """B programs being written.

    Raises ConstraintError where the budget or a row's constraints leave no program, ValueError
    where a row has more parameters or literals than the vocabulary can point at.
    """

    def __init__(
        self,
        profile: Profile,
        contexts: Sequence[RowContext],
        max_actions: int,
        root: Root,
        device: torch.device,
    ) -> None:
        if max_actions > MAX_POSITIONS:
            raise ValueError(f"max_actions: at most {MAX_POSITIONS}, got {max_actions}")
        forbids = ((), *sorted({row.forbid for row in contexts} - {()}))
        self._tables = tables_on(profile, forbids, device)
        self._rows = Rows(*(values.to(device) for values in rows_of(contexts, forbids, root)))
        self._varied = len(forbids) > 1
        self._counted = any(row.max_nodes is not None for row in contexts)
        requiring = any(row.require and asks_of(row, root).require for row in contexts)
        self._stack = stack_for(max_actions, self._tables.levels, device, advanced=requiring)
        spare = self._budgets(contexts, max_actions, root)
        first, seen = (values.to(device) for values in first_holes(profile, contexts, root))
        self._cells, self._top = stack.opened(self._stack, first.t(), seen, spare.t())
        depth = max_actions + PLACES + 2
        self._typed = TypedHoles(profile, contexts, depth, root, device) if profile.typed else None
        self._required = None
        if requiring:
            state = self._cells, self._top
            self._required = Required(profile, contexts, root, *state, self._stack.base)

    def _budgets(
        self, contexts: Sequence[RowContext], max_actions: int, root: Root
    ) -> Int[Tensor, "B 2"]:
        """What may be spent beyond the shortest program of each row."""
        variants = self._tables.least.view(-1, GRAMMAR.num_holes, 2)
        least = variants[:, GRAMMAR.hole_ids[root.value]].index_select(0, self._rows.variant)
        limits = torch.full_like(self._rows.max_nodes, max_actions), self._rows.max_nodes
        spare = torch.stack(limits, dim=1) - least
        for row, (actions, nodes) in zip(contexts, spare.tolist(), strict=True):
            if actions < 0:
                raise ConstraintError(
                    f"max_actions: the shortest program takes {max_actions - actions}, "
                    f"got {max_actions}"
                )
            if nodes < 0:
                raise ConstraintError(
                    f"constraints.max_nodes: the smallest program has {-nodes} nodes more "
                    f"than {row.max_nodes}"
                )
        return spare

    @property
    def finished(self) -> Bool[Tensor, " B"]:
        """Rows whose program is complete; they take PAD alone and ignore what is pushed."""
        return self._top[HEIGHT] == self._stack.base

    @property
    def open_holes(self) -> Int[Tensor, " B"]:
        """Holes still to fill, a list's own until it ends; 0 where the program is complete."""
        return self._top[HEIGHT] - self._stack.base

    def features(self) -> Int[Tensor, "B 6"]:
        """What the network is told about the next action; -1 stands for no position.

        Hole type; positions of the parent and of the previous sibling; depth and slot, both at most
        31; the position at which the name that the last action used was used before.
        """
        return stack.features(self._stack, self._top)

    def mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, the task's constraints included."""
        return unpack(self.sets())

    def sets(self) -> Int[Tensor, "B W"]:
        """The mask as sets of actions: action a is bit a % 64 of word a // 64."""
        return self._sets(self._rows, self._top, self._expected(), self._affordable())

    def grammar_mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, were there no constraints from here on."""
        return unpack(self._grammar_sets(self._rows, self._top, self._expected()))

    def _expected(self) -> Expected | None:
        return None if self._typed is None else self._typed.asked()

    def _affordable(self) -> Int[Tensor, "B W"] | None:
        return None if self._required is None else self._required.affordable(self._top)

    def _sets(
        self,
        rows: Rows,
        top: Int[Tensor, "R N"],
        expected: Expected | None,
        affordable: Int[Tensor, "N W"] | None,
    ) -> Int[Tensor, "N W"]:
        on, varied, counted = self._tables, self._varied, self._counted
        return allowed(on, rows, top, expected, affordable, varied=varied, counted=counted)

    def _grammar_sets(
        self, rows: Rows, top: Int[Tensor, "R N"], expected: Expected | None
    ) -> Int[Tensor, "N W"]:
        free = top.clone()
        hole = torch.add(top[HOLE], rows.variant, alpha=GRAMMAR.num_holes)
        free[ACTIONS] += self._tables.forgone.index_select(0, hole)
        if self._required is not None:
            free[ACTIONS].clamp_(min=0)
        return allowed(self._tables, rows, free, expected, None, varied=False, counted=False)

    def push(self, actions: Int[Tensor, " B"]) -> None:
        """Take one action a row.

        What is not allowed must not be pushed: the row's state is lost then.
        """
        on = self._tables
        cell = torch.add(actions, self._top[HOLE], alpha=GRAMMAR.num_actions)
        if self._varied:
            holes = GRAMMAR.num_holes * GRAMMAR.num_actions
            cell = torch.add(cell, self._rows.variant, alpha=holes)
        row = on.entries.index_select(0, on.fill.index_select(0, cell))
        before = self._top
        self._top = stack.write(self._stack, self._cells, before, row)
        if self._required is not None:
            self._required.push(actions, before, self._cells, self._top[HEIGHT])
        if self._typed is not None:
            self._typed.push(actions, self._top[BOUND], self.open_holes)

    def replay(self, actions: Int[Tensor, "B L"], lengths: Int[Tensor, " B"]) -> Trace:
        """Push whole programs, padded with PAD after `lengths`, on a fresh automaton.

        Masks and features are those of stepping; the masks of all positions are made at once.
        """
        count, length = actions.shape
        tops, states, missing = [], [], []
        for column in actions.unbind(1):
            tops.append(self._top)
            states.append(() if self._typed is None else self._typed.state)
            missing.append(() if self._required is None else self._required.state)
            self.push(column)
        top = torch.stack(tops, 2).flatten(1)
        state, left = _flat(states), _flat(missing)
        each = torch.arange(count, device=actions.device).repeat_interleave(length)
        expected = None if self._typed is None else self._typed.asked(*state)
        required = self._required
        paid = None if required is None else required.affordable(top, Missing(*left))
        rows = self._rows.take(each)
        bare = sets = self._sets(rows, top, expected, paid).view(count, length, -1)
        if self._varied or self._counted or paid is not None:
            bare = self._grammar_sets(rows, top, expected).view_as(sets)
        word = sets.gather(2, (actions >> 6)[:, :, None])[:, :, 0]
        chosen = (word >> (actions & 63)) & 1 != 0
        inside = torch.arange(length, device=actions.device) < lengths[:, None]
        # PAD inside, or an action outside, means that the program is shorter or longer than it
        # says.
        legal = (chosen & ((actions != 0) == inside)).all(1) & self.finished
        features = stack.features(self._stack, top).view(count, length, -1)
        return Trace(features, sets, bare, legal)

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Keep the given rows, in that order; a row may be kept more than once."""
        self._rows = self._rows.take(rows)
        self._cells = self._cells.index_select(1, rows)
        self._top = self._top.index_select(1, rows)
        if self._typed is not None:
            self._typed = self._typed.fork(rows)
        if self._required is not None:
            self._required = self._required.fork(rows)

    def fork(self, rows: Int[Tensor, " N"]) -> Self:
        """Copies of the given rows, wherever they stand, in an automaton of their own."""
        forked = copy(self)
        forked.select(rows)
        return forked

    def put(self, rows: Int[Tensor, " N"], other: Self) -> None:
        """Let the rows of `other`, a fork of the same automaton, take the place of these."""
        self._cells.index_copy_(1, rows, other._cells)
        self._top.index_copy_(1, rows, other._top)
        if self._typed is not None and other._typed is not None:
            self._typed.put(rows, other._typed)
        if self._required is not None and other._required is not None:
            self._required.put(rows, other._required)
        for mine, theirs in zip(self._rows, other._rows, strict=True):
            mine.index_copy_(0, rows, theirs)


def _flat(states: Sequence[tuple[Tensor, ...]]) -> list[Tensor]:
    """What is known at each position, row by row."""
    return [torch.stack(part, 1).flatten(0, 1) for part in zip(*states, strict=True)]
