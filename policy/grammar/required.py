"""What tasks require and B programs do not hold yet, and what their open holes can hold of it.

Beside the automaton's stack stands one of costs: for each place, what it takes to hold each set of
a row's required classes in the holes there and below, beyond their cheapest fillings (`plans`). An
action is allowed where what will be missing can still be had: the cheapest way to share it between
what the action opens and the holes below can be paid. So where a class will stand is left open.

B rows, N holes, P places that an action writes, D places of the stack, W words of a set of actions,
Q sets of required classes (class i is bit i).
"""

from collections.abc import Sequence
from copy import copy
from typing import Final, NamedTuple, Self

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from policy.grammar.bits import WORDS
from policy.grammar.entries import PLACES
from policy.grammar.errors import ConstraintError
from policy.grammar.grammar import GRAMMAR, Root
from policy.grammar.layout import (
    ACTIONS,
    AT,
    COLUMNS,
    HEIGHT,
    HOLE,
    NODES,
    PLACE,
    RETURN_BIT,
    RETURN_BITS,
    ROOM,
    ROW_BIT,
)
from policy.grammar.plans import CLASSES, NEVER, SECOND_BITS, Asks, given, unpacked
from policy.grammar.profiles import Profile
from policy.grammar.required_tables import RequiredTables, required_tables_on
from policy.grammar.rows import RowContext
from policy.grammar.surroundings import LOW_BITS

MAX_REQUIRED: Final = 4
"""Node classes that a task can require beside those that any program holds."""


class Missing(NamedTuple):
    """What the holes on top must see to."""

    variant: Int[Tensor, " N"]
    few_nodes: Bool[Tensor, " N"]
    """Whether nodes stand first in costs."""
    classes: Int[Tensor, " N"]
    """What a program does not hold yet, as a set."""
    below: Int[Tensor, "N Q"]
    """int32: what it costs to leave each set to the holes below."""


class Required:
    """The required classes of B rows; every method but the first takes the automaton's tensors."""

    def __init__(
        self,
        profile: Profile,
        contexts: Sequence[RowContext],
        root: Root,
        cells: Int[Tensor, "S B"],
        top: Int[Tensor, "R B"],
        base: int,
    ) -> None:
        """Begin at the first holes, which are on top; `base` is the cell of the stack's place 0.

        Raises ConstraintError where a row cannot hold what is required of it.
        """
        wanted = [asks_of(row, root) for row in contexts]
        variants = tuple(dict.fromkeys(wanted))
        self._on = required_tables_on(profile, variants, top.device)
        numbers = [variants.index(asks) for asks in wanted]
        classes = [(1 << len(asks.require)) - 1 for asks in wanted]
        variant, missing = torch.tensor([numbers, classes], device=top.device)
        nothing = torch.full((len(wanted), self._on.sets), NEVER, dtype=torch.int32)
        nothing[:, 0] = 0
        nothing = nothing.to(top.device)
        few_nodes = torch.tensor([asks.few_nodes for asks in wanted], device=top.device)
        self.state = Missing(variant, few_nodes, missing, nothing)
        self._counted = any(asks.few_nodes for asks in wanted)
        self._base, self._depth = base, (len(cells) - base) // COLUMNS
        self._costs = nothing.repeat(self._depth, 1, 1)
        self._places = torch.arange(PLACES, device=top.device)[:, None]
        self._check(profile, wanted, top)

    def _check(self, profile: Profile, wanted: Sequence[Asks], top: Int[Tensor, "R B"]) -> None:
        at = _places(self._on, top[AT], top[HOLE], self.state.variant)
        costs = self._on.left[:, :, 0].index_select(0, at).tolist()
        for asks, own, *spare in zip(
            wanted, costs, *top[ACTIONS : NODES + 1].tolist(), strict=True
        ):
            for bit, name in enumerate(asks.require):
                if name not in CLASSES:
                    raise ConstraintError(
                        f"constraints.require: {name!r} is no node class of Python's ast"
                    )
                if own[1 << bit] >= NEVER:
                    without = f" without {', '.join(asks.forbid)}" if asks.forbid else ""
                    raise ConstraintError(
                        f"constraints.require: no program of profile {profile.name}{without} is "
                        f"sure to have room for {name}; take it out or choose another profile"
                    )
            needed = unpacked(own[(1 << len(asks.require)) - 1], few_nodes=asks.few_nodes)
            for limit, need, have in zip(_LIMITS, needed, spare, strict=True):
                if need > have:
                    raise ConstraintError(
                        f"{limit}: {need - have} more needed for a program that holds "
                        f"{', '.join(asks.require)} (constraints.require)"
                    )

    def affordable(
        self, top: Int[Tensor, "R N"], missing: Missing | None = None
    ) -> Int[Tensor, "N W"]:
        """The actions after which all that is missing can still be had, as sets.

        `missing` is that of the holes on top, if they are not those of now.
        """
        on, (variant, few_nodes, classes, below) = self._on, missing or self.state
        at = _places(on, top[AT], top[HOLE], variant)
        parts = torch.arange(on.sets, device=at.device)
        left = classes[:, None]
        whole = left[:, :, None].expand(-1, 1, on.sets)
        least = (on.left.index_select(0, at).gather(1, whole)[:, 0] + below).amin(1)
        limits = _limits(least, few_nodes, top)
        # What holes below cannot be left with, nothing pays.
        below = torch.where((left & parts) == parts, below, 2 * NEVER)
        row = on.row.index_select(0, at)[:, None] + (left & ~parts)
        rows, shared = row.unbind(1), below[:, :, None].unbind(1)
        if not self._counted:
            most = (limits[0] << SECOND_BITS) + _HALF
            fits = on.costs.index_select(0, rows[0]) < most - shared[0]
            for own, cost in zip(rows[1:], shared[1:], strict=True):
                fits |= on.costs.index_select(0, own) < most - cost
            return _packed(fits)
        # Of all ways to share what is missing the cheapest counts: it is what is left to the next.
        cost = on.costs.index_select(0, rows[0]) + shared[0]
        for own, more in zip(rows[1:], shared[1:], strict=True):
            cost = torch.minimum(cost, on.costs.index_select(0, own) + more)
        first = cost + _HALF >> SECOND_BITS
        return _packed((first <= limits[0]) & (cost - (first << SECOND_BITS) <= limits[1]))

    def push(
        self,
        actions: Int[Tensor, " B"],
        before: Int[Tensor, "R B"],
        cells: Int[Tensor, "S B"],
        height: Int[Tensor, " B"],
    ) -> None:
        """Take the actions; the cells and the height are those after, `before` was on top."""
        on, (variant, few_nodes, classes, below) = self._on, self.state
        hole = torch.add(before[HOLE], variant, alpha=GRAMMAR.num_holes)
        written = on.writes.index_select(0, torch.add(actions, hole, alpha=GRAMMAR.num_actions))
        at = before[HEIGHT] + self._places
        opened = cells.gather(0, at + PLACE * self._depth) & (1 << ROW_BIT) - 1
        place = _places(on, cells.gather(0, at), opened, variant)
        own = on.left.index_select(0, place.flatten()).view(PLACES, *below.shape, -1)
        costs = []
        for left in own.unbind():
            below = (left + below[:, None]).amin(-1)
            costs.append(below)
        at = (at - self._base)[:, :, None].expand(-1, -1, on.sets)
        self._costs.scatter_(0, at, torch.stack(costs))
        top = (height - self._base - 1).clamp(min=0)[None, :, None].expand(1, -1, on.sets)
        read = self._costs.gather(0, top)[0]
        self.state = Missing(variant, few_nodes, classes & ~written.long(), read)

    def fork(self, rows: Int[Tensor, " N"]) -> Self:
        """Copies of the given rows."""
        forked = copy(self)
        forked._costs = self._costs.index_select(1, rows)
        forked.state = Missing(*(values.index_select(0, rows) for values in self.state))
        return forked

    def put(self, rows: Int[Tensor, " N"], other: Self) -> None:
        """Let the rows of `other` take the place of these."""
        self._costs.index_copy_(1, rows, other._costs)
        for mine, theirs in zip(self.state, other.state, strict=True):
            mine.index_copy_(0, rows, theirs)


_LIMITS: Final = ("max_actions", "constraints.max_nodes")
_HALF: Final = 1 << SECOND_BITS - 1


def asks_of(row: RowContext, root: Root) -> Asks:
    """What a row asks for, less what any program of its root holds. Raises ConstraintError."""
    there = given(root, has_params=row.num_params > 0)
    require = tuple(sorted(set(row.require) - there))
    if len(require) > MAX_REQUIRED:
        raise ConstraintError(
            f"constraints.require: at most {MAX_REQUIRED} node classes can be asked for, "
            f"got {', '.join(require)}"
        )
    return Asks(row.forbid, require, row.max_nodes is not None)


def _places(
    on: RequiredTables, where: Tensor, hole: Tensor, variant: Int[Tensor, " N"]
) -> Int[Tensor, "... N"]:
    """Where holes stand in the tables."""
    fields = (where >> RETURN_BIT & (1 << RETURN_BITS) - 1) << LOW_BITS
    fields |= where & (1 << LOW_BITS) - 1
    fields += variant << RETURN_BITS + LOW_BITS
    return on.number.index_select(0, fields.flatten()).view_as(hole) + hole


def _limits(
    least: Int[Tensor, " N"], few_nodes: Bool[Tensor, " N"], top: Int[Tensor, "R N"]
) -> Int[Tensor, "2 N 1"]:
    """What may be spent, in the order of costs; `least` is the cheapest plan's."""
    first = least + _HALF >> SECOND_BITS
    fewest = torch.where(few_nodes, least - (first << SECOND_BITS), first)
    # What is too deep must be closed in the shortest way.
    actions = torch.where(top[ROOM] == 0, torch.minimum(top[ACTIONS], fewest), top[ACTIONS])
    limits = torch.where(
        few_nodes, torch.stack((top[NODES], actions)), torch.stack((actions, top[NODES]))
    )
    return limits.clamp(max=NEVER - 1 >> SECOND_BITS + 1).to(torch.int32)[:, :, None]


def _packed(fits: Bool[Tensor, "N V"]) -> Int[Tensor, "N W"]:
    """Booleans as sets."""
    if fits.device.type == "cpu" and not torch.compiler.is_compiling():
        # The lowest bits of eight bytes meet in the highest byte of the product.
        bits = fits.view(torch.int64) * _GATHER >> 56
        return bits.to(torch.uint8).view(torch.int64)
    bits = torch.arange(64, device=fits.device)
    return (fits.view(len(fits), WORDS, 64).long() << bits).sum(-1)


_GATHER: Final = 0x0102040810204080
