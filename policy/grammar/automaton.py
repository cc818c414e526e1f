"""The grammar as a batched pushdown automaton: masks and features of the next action, for B programs at once.

    automaton = Automaton(PROFILES["core"], contexts, max_actions=192, root=Root.BODY, device=device)
    while not automaton.finished.all():
        automaton.push(choose(automaton.features(), automaton.mask()))

Each row holds a stack of holes. A step reads the hole on top, allows what the profile's tables and the words
that the hole inherited allow, and puts the chosen action's holes in its place. Every step is a fixed number of
indexed reads and writes: no loop over rows or depth, and no value leaves the device.

B rows, D places of the stack, V actions, C holes that an action opens at most.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from policy.grammar import tables
from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.masks import Tables, allowed, tables_on
from policy.grammar.profiles import Profile
from policy.grammar.rows import (
    COLUMNS,
    DEPTH,
    FLAGS,
    HOLE,
    NAMES,
    NEST,
    PARENT,
    PREVIOUS,
    SCOPE,
    SLOT,
    RowContext,
    Rows,
    first_entries,
    rows_of,
)
from policy.grammar.trace import Trace

NUM_FEATURES = 6
MAX_FEATURE = 31
_NAME_SLOTS = 64


class Automaton:
    """B programs being written.

    Raises ValueError where the budget or a row's constraints leave no program, or a row has more parameters or
    literals than the vocabulary can point at.
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
        self.tables: Tables = tables_on(profile, forbids, device)
        self.rows = Rows(*(v.to(device) for v in rows_of(contexts, forbids, root)))
        self.constrained = len(forbids) > 1 or any(row.max_nodes for row in contexts)
        self.max_actions = max_actions
        self._counted = any(row.max_nodes for row in contexts)
        self._position = 0
        self._top = first_entries(profile, contexts, root).to(device)
        count = len(contexts)
        depth = max_actions + tables.MAX_CHILDREN + 2
        self._stack = torch.zeros(count, depth, COLUMNS, dtype=torch.int64, device=device)
        self._stack[:, 0] = self._top
        self._height = torch.ones(count, dtype=torch.int64, device=device)
        self._index = torch.arange(count, device=device)
        self._child_index = torch.arange(tables.MAX_CHILDREN, device=device)
        self._last_use = torch.full((count, _NAME_SLOTS), -1, dtype=torch.int64, device=device)
        self._previous_use = torch.full((count,), -1, dtype=torch.int64, device=device)
        first = self.rows.offset + self._top[:, HOLE]
        self._open = self.tables.least[first]
        self._open_nodes = self.tables.least_nodes[first]
        self._nodes_left = self.rows.max_nodes
        self._check(contexts)

    def _check(self, contexts: Sequence[RowContext]) -> None:
        least, nodes = self._open.tolist(), self._open_nodes.tolist()
        limits = self.rows.max_nodes.tolist()
        for row, actions, needed, limit in zip(contexts, least, nodes, limits, strict=True):
            if actions > self.max_actions:
                raise ValueError(
                    f"max_actions: the shortest program takes {actions}, got {self.max_actions}"
                )
            if needed > limit:
                raise ValueError(
                    f"constraints.max_nodes: the smallest program has {needed - limit} nodes more "
                    f"than {row.max_nodes}"
                )

    @property
    def finished(self) -> Bool[Tensor, " B"]:
        """Rows whose program is complete; they take PAD alone and ignore what is pushed."""
        return self._height == 0

    def features(self) -> Int[Tensor, "B 6"]:
        """Of the next action: hole type, positions of the parent and of the previous sibling, depth and slot (both
        at most 31), and the position at which the name that the last action used was used before; -1 for none.
        """
        return features_of(self._top, self._previous_use)

    def mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, the task's constraints included."""
        nodes = self._node_budget() if self._counted else None
        return allowed(self.tables, self.rows, self._top, self._budget(), nodes)

    def grammar_mask(self) -> Bool[Tensor, "B V"]:
        """Actions allowed next, were there no constraints from here on."""
        rows = self.rows._replace(offset=torch.zeros_like(self.rows.offset))
        return allowed(self.tables, rows, self._top, self._budget(), None)

    def _budget(self) -> Int[Tensor, " B"]:
        others = self._open - self.tables.least[self.rows.offset + self._top[:, HOLE]]
        return self.max_actions - self._position - 1 - others

    def _node_budget(self) -> Int[Tensor, " B"]:
        others = self._open_nodes - self.tables.least_nodes[self.rows.offset + self._top[:, HOLE]]
        return self._nodes_left - others

    def push(self, actions: Int[Tensor, " B"]) -> None:
        """Take one action a row. What is not allowed must not be pushed: the row's state is lost then."""
        on, top = self.tables, self._top
        actions = torch.where(self.finished, 0, actions)
        filled = top[:, HOLE] * GRAMMAR.num_actions + actions
        rest = on.rest[filled]
        self._count(actions, rest)
        place = (self._height - 1).clamp(min=0)
        self._bind(top[:, SCOPE], on.binds[filled], on.signals[actions])
        height = self._write_rest(place, rest, actions)
        self._write_children(height, actions)
        self._height = torch.where(self.finished, 0, height + on.num_children[actions])
        self._height.clamp_(max=self._stack.shape[1] - tables.MAX_CHILDREN - 1)
        self._link(actions)
        self._position += 1
        top = self._stack[self._index, (self._height - 1).clamp(min=0)]
        self._top = top * (self._height > 0).to(torch.int64)[:, None]

    def _count(self, actions: Int[Tensor, " B"], rest: Int[Tensor, " B"]) -> None:
        """Keep the fewest actions (and nodes) that all open holes take."""
        on, hole = self.tables, self.rows.offset + self._top[:, HOLE]
        cost = on.cost[hole, actions].to(torch.int64)
        self._open = self._open - on.least[hole] + cost
        if self._counted:
            cost = on.node_cost[hole, actions].to(torch.int64)
            own = cost - self._open_below(actions, rest)
            self._nodes_left = self._nodes_left - own
            self._open_nodes = self._open_nodes - on.least_nodes[hole] + cost - own

    def _open_below(self, actions: Int[Tensor, " B"], rest: Int[Tensor, " B"]) -> Int[Tensor, " B"]:
        """Fewest nodes of the holes that the action opens and of what is left of its list."""
        on = self.tables
        key = on.mode[self._top[:, HOLE]] * GRAMMAR.num_actions + actions
        holes = self.rows.offset[:, None] + on.children[key, :, tables.HOLE]
        return on.least_nodes[holes].sum(1) + on.least_nodes[self.rows.offset + rest]

    def _bind(
        self, scope: Int[Tensor, " B"], names: Int[Tensor, " B"], flags: Int[Tensor, " B"]
    ) -> None:
        """Show a bound name, and what the scope has seen, to every open hole of the scope and inside it.

        Scopes are numbered by the action that opened them. Open holes of a later scope lie inside this one.
        """
        inside = self._stack[:, :, SCOPE] >= scope[:, None]
        words = torch.stack((names, flags), dim=1)[:, None] * inside.to(torch.int64)[:, :, None]
        self._stack[:, :, NAMES : FLAGS + 1] |= words

    def _write_rest(
        self, place: Int[Tensor, " B"], rest: Int[Tensor, " B"], actions: Int[Tensor, " B"]
    ) -> Int[Tensor, " B"]:
        """Put what is left of a list in the filled hole's place; returns the stack's height after it."""
        below = (place - 1).clamp(min=0)
        stays = rest > 0
        # The entry that comes next: the rest of the list, or else the next sibling, if there is one.
        following = torch.where(stays, place, below)
        entry = self._stack[self._index, following]
        sibling = stays | (entry[:, PARENT] == self._top[:, PARENT])
        entry[:, PREVIOUS] = torch.where(sibling, self._position, entry[:, PREVIOUS])
        entry[:, HOLE] = torch.where(stays, rest, entry[:, HOLE])
        entry[:, SLOT] += stays.to(torch.int64)
        entry[:, FLAGS] |= self.tables.leaves[actions] * stays
        self._stack[self._index, following] = entry
        return place + stays.to(torch.int64)

    def _write_children(self, height: Int[Tensor, " B"], actions: Int[Tensor, " B"]) -> None:
        """Put the action's holes on the stack, the first on top."""
        on, top = self.tables, self._top
        rows = on.children[on.mode[top[:, HOLE]] * GRAMMAR.num_actions + actions]
        entries = top[:, None, :].expand(-1, tables.MAX_CHILDREN, -1).clone()
        entries[..., NAMES] |= on.binds[top[:, HOLE] * GRAMMAR.num_actions + actions][:, None]
        entries[..., FLAGS] &= rows[..., tables.CLEAR]
        entries[..., FLAGS] |= rows[..., tables.SET]
        opened = rows[..., tables.SCOPE] > 0
        entries[..., SCOPE] = torch.where(opened, self._position + 1, entries[..., SCOPE])
        entries[..., HOLE] = rows[..., tables.HOLE]
        entries[..., PARENT] = self._position
        entries[..., PREVIOUS] = -1
        entries[..., DEPTH] += 1
        entries[..., SLOT] = rows[..., tables.SLOT]
        entries[..., NEST] = entries[..., NEST] * rows[..., tables.KEEP_NEST] + rows[..., tables.NEST]
        places = height[:, None] + self._child_index
        places = places.clamp(max=self._stack.shape[1] - 1)
        self._stack[self._index[:, None], places] = entries

    def _link(self, actions: Int[Tensor, " B"]) -> None:
        """Remember where each name was used last."""
        slot = self.tables.name_slot[actions]
        before = self._last_use[self._index, slot]
        self._previous_use = torch.where(slot > 0, before, -1)
        self._last_use[self._index, slot] = self._position

    def replay(self, actions: Int[Tensor, "B L"], lengths: Int[Tensor, " B"]) -> Trace:
        """Push whole programs, padded with PAD after `lengths`, on a fresh automaton.

        Masks and features are those of stepping; the masks of all positions are made at once.
        """
        length = actions.shape[1]
        steps = []
        for position in range(length):
            nodes = self._node_budget() if self._counted else self._nodes_left
            steps.append((self._top, self._previous_use, self._budget(), nodes))
            self.push(actions[:, position])
        top, previous, budget, nodes = (torch.stack(c, 1).flatten(0, 1) for c in zip(*steps, strict=True))
        rows = self.rows.take(self._index.repeat_interleave(length))
        mask = allowed(self.tables, rows, top, budget, nodes if self._counted else None)
        bare = rows._replace(offset=torch.zeros_like(rows.offset))
        grammar = allowed(self.tables, bare, top, budget, None) if self.constrained else mask
        chosen = mask.gather(1, actions.reshape(-1, 1)).view_as(actions)
        inside = torch.arange(length, device=actions.device) < lengths[:, None]
        legal = (chosen | ~inside).all(1) & self.finished
        # A program that closed before its last action was given PAD's place.
        legal &= ((actions != 0) == inside).all(1)
        shape = (*actions.shape, -1)
        return Trace(
            features_of(top, previous).view(shape), mask.view(shape), grammar.view(shape), legal
        )

    def select(self, rows: Int[Tensor, " N"]) -> None:
        """Keep the given rows, in that order."""
        self.rows = self.rows.take(rows)
        self._index = torch.arange(len(rows), device=rows.device)
        for name in _PER_ROW:
            setattr(self, name, getattr(self, name)[rows])


_PER_ROW = (
    "_top _stack _height _last_use _previous_use _open _open_nodes _nodes_left".split()
)


def features_of(
    top: Int[Tensor, "N 9"], previous_use: Int[Tensor, " N"]
) -> Int[Tensor, "N 6"]:
    """The features of holes, as `Automaton.features` describes them."""
    depth, slot = top[:, DEPTH].clamp(max=MAX_FEATURE), top[:, SLOT].clamp(max=MAX_FEATURE)
    columns = (top[:, HOLE], top[:, PARENT], top[:, PREVIOUS], depth, slot, previous_use)
    return torch.stack(columns, dim=1)
