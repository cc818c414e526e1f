"""Where sampled programs begin: after their spec, and after a prefix that is given.

Programs that begin alike share the spec's encoding and the positions of their prefix. A program
that is an edit has the rest of an older one as well, which it keeps once its node is written anew.

Shapes: M specs, N beginnings, S actions of a prefix, L actions of an older program.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from policy.cache import Past
from policy.grammar import GRAMMAR, Automaton, Root
from policy.model import Policy
from policy.network import NO_HOLE, SpecStates
from policy.subtrees import ROOT, first_action, subtrees

NEVER = -1
"""Stands for a number of open holes that no row has."""


@dataclass(frozen=True)
class Kept:
    """What an edit keeps of an older program, by how many holes are open when its node is done."""

    actions: tuple[int, ...]
    closed_holes: int
    """Open holes where what was written closed the node's hole."""
    closed_at: int
    """The older program's action that follows then."""
    open_holes: int = NEVER
    """Open holes where it is an element and its list goes on; -1 where the old one ended it."""
    open_at: int = 0
    """The action that follows then."""


@dataclass(frozen=True)
class Beginning:
    """How `count` programs of a spec begin, and what of an older one they keep."""

    spec: int
    """Index into the specs."""
    count: int = 1
    prefix: tuple[int, ...] = ()
    kept: Kept | None = None

    @classmethod
    def at_node(
        cls, spec: int, count: int, actions: tuple[int, ...], root: Root, node: int
    ) -> "Beginning":
        """Begin where a node of a program is to be written anew (see `policy.subtrees`)."""
        if node == ROOT:
            return cls(spec, count)
        at, tree = first_action(node), subtrees(actions, root)
        open_holes = int(tree.open_holes[at])
        kept = Kept(
            actions,
            open_holes - 1,
            tree.resumes(node, goes_on=False),
            open_holes if tree.goes_on[at] else NEVER,
            tree.resumes(node, goes_on=True),
        )
        return cls(spec, count, actions[:at], kept)


class Keeping(NamedTuple):
    """What is kept after the nodes of N beginnings."""

    actions: Int[Tensor, "N L1"]
    """The older programs, PAD after their ends."""
    holes: Int[Tensor, "N 2"]
    """`Kept.closed_holes` and `Kept.open_holes`; -1 is never reached."""
    at: Int[Tensor, "N 2"]
    """`Kept.closed_at` and `Kept.open_at`."""


class Begun(NamedTuple):
    """N beginnings, each computed once for all programs that begin so."""

    states: SpecStates
    automaton: Automaton
    past: Past
    keeping: Keeping | None
    """None where no beginning keeps anything."""


def begin(
    policy: Policy,
    states: SpecStates,
    beginnings: Sequence[Beginning],
    automaton: Automaton,
) -> Begun:
    """Run the prefixes; `states` and the automaton have a row for each beginning.

    Raises ValueError where the grammar does not allow a prefix.
    """
    device = states.states.device
    actions = _padded([one.prefix for one in beginnings], device)
    lengths = torch.tensor([len(one.prefix) for one in beginnings], device=device)
    features = _walk(automaton, actions, lengths)
    past = policy.begin(states, actions, features, lengths)
    return Begun(states, automaton, past, _keeping(beginnings, device))


def _padded(rows: Sequence[tuple[int, ...]], device: torch.device) -> Int[Tensor, "N S"]:
    longest = max(map(len, rows))
    padded = [[*row, *[0] * (longest - len(row))] for row in rows]
    return torch.tensor(padded, dtype=torch.int64, device=device).view(len(rows), longest)


def _keeping(beginnings: Sequence[Beginning], device: torch.device) -> Keeping | None:
    if all(one.kept is None for one in beginnings):
        return None
    nothing = Kept((), NEVER, 0)
    kept = [one.kept or nothing for one in beginnings]
    # One PAD more: what follows the last action may be looked up.
    return Keeping(
        _padded([(*one.actions, 0) for one in kept], device),
        torch.tensor([(one.closed_holes, one.open_holes) for one in kept], device=device),
        torch.tensor([(one.closed_at, one.open_at) for one in kept], device=device),
    )


def _walk(
    automaton: Automaton, actions: Int[Tensor, "N S"], lengths: Int[Tensor, " N"]
) -> Int[Tensor, "N S F"]:
    """Bring each row of the automaton to the end of its prefix; give the features of the holes.

    Of hole 0 at least.
    """
    walking = automaton.fork(torch.arange(len(lengths), device=lengths.device))
    features = [walking.features()]
    no_hole = lengths.new_tensor(NO_HOLE)
    for position, column in enumerate(actions.unbind(1)):
        inside = position < lengths
        wrong = inside & ~walking.mask().gather(1, column[:, None])[:, 0]
        if wrong.any():
            row = int(wrong.nonzero()[0])
            raise ValueError(
                f"prefixes: action {position} of prefix {row}, "
                f"{GRAMMAR.actions[int(column[row])].name}, is not allowed there"
            )
        walking.push(column)
        ended = torch.eq(lengths, position + 1).nonzero()[:, 0]
        automaton.put(ended, walking.fork(ended))
        hidden = (position + 1 >= lengths)[:, None]
        features.append(torch.where(hidden, no_hole, walking.features()))
    return torch.stack(features[: max(1, actions.shape[1])], dim=1)
