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
from typing import NamedTuple, Self

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from policy.grammar.context import SIGNALS
from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.layout import (
    COLUMNS,
    FIELDS,
    FIRST_PARENT,
    MAX_POSITIONS,
    NO_NAME,
    NUM_FEATURES,
    NUM_SCOPES,
    PLACE,
    SCOPE_FIELDS,
    SIGNAL_SHIFT,
)
from policy.grammar.masks import Holes, allowed, tables_on, unpack
from policy.grammar.moves import HEAD, MAX_CHILDREN, NOWHERE
from policy.grammar.profiles import Profile
from policy.grammar.rows import RowContext, Rows, first_holes, rows_of
from policy.grammar.trace import Trace
from policy.grammar.typed import TypedHoles

MAX_FEATURE = 31
_HOLE, _PARENT, _OPENED, _COLUMN, _SCOPE, _WHERE = (
    list(FIELDS).index(name)
    for name in ("hole", "parent", "opened", "parent_column", "scope", "where")
)
_LINKS = slice(list(FIELDS).index("sibling"), NUM_FEATURES, 3)
"""The features that are read from the memory: previous sibling and previous use."""
_PER_ROW = {
    **dict.fromkeys(("_stack", "_height", "_spare"), 0),
    **dict.fromkeys(("_memory", "_pending", "_position", "_fields", "_scope", "_links"), 1),
}
"""The dimension of the rows. What is read and written together stands in one piece of memory."""


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
        self._constants = _constants(device)
        count, depth = len(contexts), max_actions + MAX_CHILDREN + 3

        def full(*shape: int, value: int) -> Tensor:
            return torch.full(shape, value, dtype=torch.int64, device=device)

        first, seen = first_holes(profile, contexts, root)
        # Place 0 stays empty: it is what finished rows read.
        self._stack = full(count, COLUMNS, depth, value=0)
        self._stack[:, PLACE, 0] = NOWHERE
        self._stack[:, :, 1] = first.to(device)
        self._height = full(count, value=1)
        self._memory = full(FIRST_PARENT + max_actions, count, value=-1)
        self._memory[0] = seen.to(device)
        # Where the use of the last action's name is to be remembered, the next action's position
        # and the last one's: rows that began at different times stand at different ones.
        self._pending = full(1, count, value=NO_NAME[1])
        self._position = full(2, count, value=0)
        self._position[1] = -1
        self._set_bases()
        self._read(full(1, count, value=NO_NAME[0]))
        self._typed = TypedHoles(profile, contexts, depth, root, device) if profile.typed else None
        self._spare = self._budgets(contexts, max_actions)

    def _set_bases(self) -> None:
        """Where each column that is read of a row's hole begins in the flat stack."""
        count, columns, depth = self._stack.shape
        rows = torch.arange(count, device=self._stack.device)
        self._bases = (rows * columns + self._constants.word) * depth

    def _budgets(self, contexts: Sequence[RowContext], max_actions: int) -> Int[Tensor, "B 2"]:
        """What may be spent beyond the shortest program of each row."""
        least = self._tables.least.index_select(0, self._rows.variant + self._fields[_HOLE])
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

    @property
    def open_holes(self) -> Int[Tensor, " B"]:
        """Holes still to fill, a list's own until it ends; 0 where the program is complete."""
        return self._height

    def features(self) -> Int[Tensor, "B 6"]:
        """What the network is told about the next action; -1 stands for no position.

        Hole type; positions of the parent and of the previous sibling; depth and slot, both at most
        31; the position at which the name that the last action used was used before.
        """
        return self._features(self._fields, self._links)

    def mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, the task's constraints included."""
        return unpack(self.sets())

    def sets(self) -> Int[Tensor, "B W"]:
        """The mask as sets of actions: action a is bit a % 64 of word a // 64."""
        return allowed(
            self._tables,
            self._rows,
            self._holes(),
            varied=self._variants > 1,
            counted=self._counted,
        )

    def _holes(self) -> Holes:
        asked = None if self._typed is None else self._typed.asked()
        return Holes(self._fields, self._scope, self._spare, asked)

    def grammar_mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, were there no constraints from here on."""
        return unpack(self._grammar_sets(self._rows, self._holes()))

    def push(self, actions: Int[Tensor, " B"]) -> None:
        """Take one action a row.

        What is not allowed must not be pushed: the row's state is lost then.
        """
        on, fields = self._tables, self._fields
        cell = torch.add(actions, fields[_HOLE], alpha=GRAMMAR.num_actions)
        if self._variants > 1:
            cell = torch.add(cell, self._rows.variant, alpha=GRAMMAR.num_actions)
        rest, move, excess = torch.split(on.fill.index_select(0, cell), [1, 1, 2], dim=1)
        self._spare = self._spare - excess
        moves = on.common.moves.index_select(0, move[:, 0])
        head, entries = torch.split(moves, [HEAD, moves.shape[1] - HEAD], dim=1)
        bits, growth, read, write = torch.split(head.t(), 1)
        self._remember(bits)
        self._write(entries, rest)
        # Only what is not allowed can overflow the stack.
        limit = self._stack.shape[2] - MAX_CHILDREN - 1
        self._height = (self._height + growth[0]).clamp_(0, limit)
        self._pending, self._position = write, self._position + 1
        self._read(read)
        if self._typed is not None:
            self._typed.push(actions, bits.t(), self._height[:, None])

    def _remember(self, bits: Int[Tensor, "1 B"]) -> None:
        """Show what is bound or signalled to the hole's scope and those inside; open new scopes.

        Scopes that are open and have later columns lie inside. The columns of the scopes that this
        action could open are free. The last name's use and the child filled are kept as well.
        """
        inside = self._constants.before + self._fields[_SCOPE]
        inside >>= 63
        inside &= bits
        self._memory[:NUM_SCOPES].bitwise_or_(inside)
        seen = (self._scope[:1] | bits) & self._constants.passed_on
        columns = torch.cat((self._fields[_OPENED : _COLUMN + 1], self._pending))
        columns += self._constants.offsets
        self._memory.scatter_(0, columns, torch.cat((seen, self._position)))

    def _write(self, entries: Int[Tensor, "B X"], rest: Int[Tensor, "B 1"]) -> None:
        """Write what stays of a list and the action's holes, the first on top, in its place."""
        keep, add, coefficient = entries.view(-1, 3, COLUMNS, MAX_CHILDREN + 1).unbind(1)
        hole = self._fields[_WHERE : _WHERE + COLUMNS].t()
        times = torch.stack((self._fields[_OPENED], self._position[0]), dim=1)
        written = hole[:, :, None] & keep
        written += add
        written.addcmul_(coefficient, times[:, :, None])
        written[:, PLACE, :1].add_(rest)
        places = self._height[:, None] + self._constants.places
        self._stack.scatter_(2, places[:, None].expand_as(written), written)

    def _read(self, name: Int[Tensor, "1 B"]) -> None:
        """Read the holes on top, their scopes, previous siblings and the use of the last name."""
        on = self._constants
        fields = self._stack.take(self._bases + self._height)
        fields >>= on.shift
        fields &= on.mask
        found = self._memory.gather(0, torch.cat((fields[_COLUMN : _SCOPE + 1], name)))
        self._fields = fields
        self._scope = found[1] >> on.scope_shift
        self._scope &= on.scope_mask
        self._links = found[::2]

    def _features(
        self, fields: Int[Tensor, "F N"], links: Int[Tensor, "2 N"]
    ) -> Int[Tensor, "N 6"]:
        capped = fields[:NUM_FEATURES].minimum(self._constants.most)
        capped[_PARENT] -= FIRST_PARENT
        capped[_LINKS] = links.masked_fill(fields[_HOLE] == 0, -1)
        return capped.t()

    def _grammar_sets(self, rows: Rows, holes: Holes) -> Int[Tensor, "N W"]:
        forgone = self._tables.forgone.index_select(0, rows.variant + holes.fields[_HOLE])
        free = holes._replace(spare=holes.spare + forgone[:, None])
        return allowed(self._tables, rows, free, varied=False, counted=False)

    def replay(self, actions: Int[Tensor, "B L"], lengths: Int[Tensor, " B"]) -> Trace:
        """Push whole programs, padded with PAD after `lengths`, on a fresh automaton.

        Masks and features are those of stepping; the masks of all positions are made at once.
        """
        count, length = actions.shape
        steps = []
        for column in actions.unbind(1):
            typed = () if self._typed is None else self._typed.state
            steps.append((self._fields, self._scope, self._spare, self._links, *typed))
            self.push(column)
        parts = [list(each) for each in zip(*steps, strict=True)]
        fields, scope, links = (torch.stack(parts[at], 2).flatten(1) for at in (0, 1, 3))
        spare, *state = (torch.stack(part, 1).flatten(0, 1) for part in (parts[2], *parts[4:]))
        each = torch.arange(count, device=actions.device).repeat_interleave(length)
        asked = None if self._typed is None else self._typed.asked(*state)
        rows, holes = self._rows.take(each), Holes(fields, scope, spare, asked)
        varied = self._variants > 1
        found = allowed(self._tables, rows, holes, varied=varied, counted=self._counted)
        bare = sets = found.view(count, length, -1)
        if varied or self._counted:
            bare = self._grammar_sets(rows, holes).view_as(sets)
        word = sets.gather(2, (actions >> 6)[:, :, None])[:, :, 0]
        chosen = (word >> (actions & 63)) & 1 != 0
        inside = torch.arange(length, device=actions.device) < lengths[:, None]
        # PAD inside, or an action outside, means that the program is shorter or longer than it
        # says.
        legal = (chosen & ((actions != 0) == inside)).all(1) & self.finished
        features = self._features(fields, links).view(count, length, -1)
        return Trace(features, sets, bare, legal)

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Keep the given rows, in that order; a row may be kept more than once."""
        self._rows = self._rows.take(rows)
        for name, dim in _PER_ROW.items():
            setattr(self, name, getattr(self, name).index_select(dim, rows))
        if self._typed is not None:
            self._typed = self._typed.fork(rows)
        self._set_bases()

    def fork(self, rows: Int[Tensor, " N"]) -> Self:
        """Copies of the given rows, wherever they stand, in an automaton of their own."""
        forked = copy(self)
        forked.select(rows)
        return forked

    def put(self, rows: Int[Tensor, " N"], other: Self) -> None:
        """Let the rows of `other`, a fork of the same automaton, take the place of these."""
        for name, dim in _PER_ROW.items():
            getattr(self, name).index_copy_(dim, rows, getattr(other, name))
        if self._typed is not None and other._typed is not None:
            self._typed.put(rows, other._typed)
        for mine, theirs in zip(self._rows, other._rows, strict=True):
            mine.index_copy_(0, rows, theirs)


class _Constants(NamedTuple):
    """How fields are read and entries written."""

    word: Int[Tensor, "F 1"]
    shift: Int[Tensor, "F 1"]
    mask: Int[Tensor, "F 1"]
    scope_shift: Int[Tensor, "3 1"]
    scope_mask: Int[Tensor, "3 1"]
    places: Int[Tensor, " C"]
    """Places that an action writes."""
    before: Int[Tensor, "scopes 1"]
    """Negative with a scope's column added, if that is not later."""
    passed_on: Int[Tensor, "2 1"]
    """What a new scope takes over of its surroundings; a function takes no signals."""
    offsets: Int[Tensor, "4 1"]
    """Of the columns written: of the scopes opened, the parent and the name."""
    most: Int[Tensor, "6 1"]
    """Features' limits."""


@lru_cache(maxsize=4)
def _constants(device: torch.device) -> _Constants:
    def put(values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=device)[:, None]

    limits = [MAX_FEATURE if name in {"depth", "slot"} else 1 << 20 for name in FIELDS]
    word, shift, mask = (put(values) for values in zip(*FIELDS.values(), strict=True))
    scope_shift, scope_mask = (put(values) for values in zip(*SCOPE_FIELDS.values(), strict=True))
    return _Constants(
        word,
        shift,
        mask,
        scope_shift,
        scope_mask,
        places=put(range(MAX_CHILDREN + 1))[:, 0],
        before=put(range(-1, -1 - NUM_SCOPES, -1)),
        passed_on=put((-1, ~(SIGNALS << SIGNAL_SHIFT))),
        offsets=put((2, 3, 0, 0)),
        most=put(limits[:NUM_FEATURES]),
    )
