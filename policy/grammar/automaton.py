"""The grammar as a batched pushdown automaton: masks and features for B programs at once.

    automaton = Automaton(PROFILES["core"], contexts, 192, Root.BODY, device)
    while not automaton.finished.all():
        automaton.push(choose(automaton.features(), automaton.mask()))

Each row holds a stack of holes, three words each (`layout`). A step reads the hole on top, allows
what the profile's tables and the words that the hole inherited allow, and puts the chosen action's
holes in its place. Every step is a fixed number of indexed reads and writes: no loop over rows or
depth, no shape that depends on values, and no value leaves the device.

B rows, D places of the stack, V actions, W words of a set of them, C holes that an action opens at
most, L positions.
"""

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import Self

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.layout import (
    COLUMNS,
    FIELDS,
    FIRST_WORD,
    MAX_POSITIONS,
    NUM_FEATURES,
    PLACE,
    SEEN,
    WHERE,
)
from policy.grammar.masks import allowed, tables_on, unpack
from policy.grammar.moves import FIRST_POSITION, GROWTH, HEAD, MAX_CHILDREN, READ, WRITE
from policy.grammar.profiles import Profile
from policy.grammar.rows import RowContext, Rows, first_holes, rows_of
from policy.grammar.trace import Trace

MAX_FEATURE = 31
_HOLE, _PARENT, _SIBLING, _USED, _SCOPE = (
    list(FIELDS).index(name) for name in ("hole", "parent", "sibling", "used", "scope")
)
_PER_ROW = ("_stack", "_height", "_links", "_fields", "_spare", "_position")


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
        if max_actions > MAX_POSITIONS:
            raise ValueError(f"max_actions: at most {MAX_POSITIONS}, got {max_actions}")
        forbids = ((), *sorted({row.forbid for row in contexts} - {()}))
        self._tables = tables_on(profile, forbids, device)
        self._rows = Rows(*(values.to(device) for values in rows_of(contexts, forbids, root)))
        self._variants = len(forbids)
        self._counted = any(row.max_nodes is not None for row in contexts)
        self._reading = _reading(device)
        count, depth = len(contexts), max_actions + MAX_CHILDREN + 3
        # Place 0 stays empty: it is what finished rows read.
        self._stack = torch.zeros(count, COLUMNS, depth, dtype=torch.int64, device=device)
        self._stack[:, :, 1] = first_holes(profile, contexts, root).to(device)
        self._height = torch.ones(count, dtype=torch.int64, device=device)
        # Rows that began at different times stand at different positions.
        self._position = torch.zeros_like(self._height)
        # Where each name was used last, and a child of each action filled last; -1: nowhere.
        self._links = self._stack.new_full((count, FIRST_POSITION + max_actions + 1), -1)
        self._set_bases()
        self._fields = self._read()
        self._fields[:, [_SIBLING, _USED]] = -1
        self._spare = self._budgets(contexts, max_actions)

    def _set_bases(self) -> None:
        """Where each column that is read of a row's hole begins in the flat stack."""
        count, columns, depth = self._stack.shape
        rows = torch.arange(count, device=self._stack.device)[:, None]
        self._bases = (rows * columns + self._reading[0]) * depth

    def _budgets(self, contexts: Sequence[RowContext], max_actions: int) -> Int[Tensor, "B 2"]:
        """What may be spent beyond the shortest program of each row."""
        least = self._tables.least.index_select(0, self._rows.variant + self._fields[:, _HOLE])
        limits = torch.full_like(self._rows.max_nodes, max_actions), self._rows.max_nodes
        spare = torch.stack(limits, dim=1) - least
        for row, (actions, nodes) in zip(contexts, spare.tolist(), strict=True):
            if actions < 0:
                raise ValueError(
                    f"max_actions: the shortest program takes {max_actions - actions}, "
                    f"got {max_actions}"
                )
            if nodes < 0:
                raise ValueError(
                    f"constraints.max_nodes: the smallest program has {-nodes} nodes more "
                    f"than {row.max_nodes}"
                )
        return spare

    @property
    def finished(self) -> Bool[Tensor, " B"]:
        """Rows whose program is complete; they take PAD alone and ignore what is pushed."""
        return self._height == 0

    def features(self) -> Int[Tensor, "B 6"]:
        """What the network is told about the next action; -1 stands for no position.

        Hole type; positions of the parent and of the previous sibling; depth and slot, both at most
        31; the position at which the name that the last action used was used before.
        """
        return self._features(self._fields)

    def mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, the task's constraints included."""
        return unpack(self.sets())

    def sets(self) -> Int[Tensor, "B W"]:
        """The mask as sets of actions: action a is bit a % 64 of word a // 64."""
        return allowed(self._tables, self._rows, self._fields, self._spare, counted=self._counted)

    def grammar_mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, were there no constraints from here on."""
        return unpack(self._grammar_sets(self._rows, self._fields, self._spare))

    def push(self, actions: Int[Tensor, " B"]) -> None:
        """Take one action a row.

        What is not allowed must not be pushed: the row's state is lost then.
        """
        on, fields = self._tables, self._fields
        cell = torch.add(actions, fields[:, _HOLE], alpha=GRAMMAR.num_actions)
        rest, move = on.common.fill.index_select(0, cell).unbind(1)
        if self._variants > 1:
            cell = torch.add(cell, self._rows.variant, alpha=GRAMMAR.num_actions)
        self._spare = self._spare - on.excess.index_select(0, cell)
        moves = on.common.moves.index_select(0, move)
        self._bind(moves[:, SEEN], fields[:, _SCOPE])
        hole = fields[:, FIRST_WORD : FIRST_WORD + COLUMNS] | moves[:, :COLUMNS]
        self._write(hole, moves[:, HEAD:], rest)
        # Only what is not allowed can overflow the stack.
        limit = self._stack.shape[2] - MAX_CHILDREN - 1
        self._height = (self._height + moves[:, GROWTH]).clamp(0, limit)
        self._link(moves[:, READ : WRITE + 1], fields[:, _PARENT])
        self._position = self._position + 1

    def _bind(self, seen: Int[Tensor, " B"], scope: Int[Tensor, " B"]) -> None:
        """Show a bound name, and what the scope has signalled, to its open holes and those inside.

        Scopes are numbered by the action that opened them. Open holes of a later scope lie inside
        this one.
        """
        inside = torch.sub(scope[:, None] - 1, self._stack[:, WHERE])
        inside >>= 63
        inside &= seen[:, None]
        self._stack[:, SEEN] |= inside

    def _write(
        self, hole: Int[Tensor, "B 3"], entries: Int[Tensor, "B X"], rest: Int[Tensor, " B"]
    ) -> None:
        """Write what stays of a list and the action's holes, the first on top, in its place."""
        keep, add, position = entries.view(-1, 3, COLUMNS, MAX_CHILDREN + 1).unbind(1)
        written = hole[:, :, None] & keep
        written += add
        written.addcmul_(position, self._position[:, None, None])
        written[:, PLACE, 0] += rest
        places = self._height[:, None] + self._reading[3]
        self._stack.scatter_(2, places[:, None].expand_as(written), written)

    def _link(self, names: Int[Tensor, "B 2"], parent: Int[Tensor, " B"]) -> None:
        """Remember where a name was used and a child was filled last; read the next hole."""
        used = self._links.gather(1, names[:, :1])
        places = torch.stack((names[:, 1], parent + FIRST_POSITION), dim=1)
        self._links.scatter_(1, places, self._position[:, None].expand_as(places))
        self._fields = fields = self._read()
        siblings = self._links.gather(1, fields[:, _PARENT : _PARENT + 1] + FIRST_POSITION)
        fields[:, _SIBLING] = siblings[:, 0].masked_fill_(self.finished, -1)
        fields[:, _USED] = used[:, 0].masked_fill_(self.finished, -1)

    def _read(self) -> Int[Tensor, "B F"]:
        """The fields of the holes on top."""
        _, shift, left, _, _ = self._reading
        fields = self._stack.take(self._bases + self._height[:, None])
        fields >>= shift
        fields &= left
        return fields

    def _features(self, fields: Int[Tensor, "N F"]) -> Int[Tensor, "N 6"]:
        capped = fields[:, :NUM_FEATURES].minimum(self._reading[4])
        capped[:, _PARENT - _HOLE] -= 1
        return capped

    def _grammar_sets(
        self, rows: Rows, fields: Int[Tensor, "N F"], spare: Int[Tensor, "N 2"]
    ) -> Int[Tensor, "N W"]:
        forgone = self._tables.forgone.index_select(0, rows.variant + fields[:, _HOLE])
        free = rows._replace(variant=torch.zeros_like(rows.variant))
        return allowed(self._tables, free, fields, spare + forgone[:, None], counted=False)

    def replay(self, actions: Int[Tensor, "B L"], lengths: Int[Tensor, " B"]) -> Trace:
        """Push whole programs, padded with PAD after `lengths`, on a fresh automaton.

        Masks and features are those of stepping; the masks of all positions are made at once.
        """
        count, length = actions.shape
        steps = []
        for column in actions.unbind(1):
            steps.append((self._fields, self._spare))
            self.push(column)
        fields, spare = (torch.stack(parts, 1).flatten(0, 1) for parts in zip(*steps, strict=True))
        each = torch.arange(count, device=actions.device).repeat_interleave(length)
        rows = self._rows.take(each)
        found = allowed(self._tables, rows, fields, spare, counted=self._counted)
        bare = sets = found.view(count, length, -1)
        if self._variants > 1 or self._counted:
            bare = self._grammar_sets(rows, fields, spare).view_as(sets)
        word = sets.gather(2, (actions >> 6)[:, :, None])[:, :, 0]
        chosen = (word >> (actions & 63)) & 1 != 0
        inside = torch.arange(length, device=actions.device) < lengths[:, None]
        # PAD inside, or an action outside, means that the program is shorter or longer than it
        # says.
        legal = (chosen & ((actions != 0) == inside)).all(1) & self.finished
        return Trace(self._features(fields).view(count, length, -1), sets, bare, legal)

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Keep the given rows, in that order; a row may be kept more than once."""
        self._rows = self._rows.take(rows)
        for name in _PER_ROW:
            setattr(self, name, getattr(self, name).index_select(0, rows))
        self._set_bases()

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


@lru_cache(maxsize=4)
def _reading(device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Words, shifts and masks of the fields; the places that an action writes; features' limits."""
    word, shift, left = torch.tensor(list(FIELDS.values()), dtype=torch.int64, device=device).T
    places = torch.arange(MAX_CHILDREN + 1, device=device)
    limits = [MAX_FEATURE if name in {"depth", "slot"} else MAX_POSITIONS for name in FIELDS]
    most = torch.tensor(limits[:NUM_FEATURES], dtype=torch.int64, device=device)
    return word.contiguous(), shift.contiguous(), left.contiguous(), places, most
