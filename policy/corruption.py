"""Programs made wrong on purpose, so that repairing them can be taught without running anything.

One node of a program is changed, as in tree diffusion (https://arxiv.org/abs/2405.20519): its
action is exchanged for another with the same holes (`+` for `-`, a name for a name, 0 for 1), or
its subtree for one that fills such a hole elsewhere, in this or another of the programs. People's
mistakes look more like that than what the grammar alone would draw.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import torch

from policy.grammar import GRAMMAR, Automaton, Profile, Root, RowContext
from policy.grammar.codec import assign_holes
from policy.grammar.grammar import STOP
from policy.subtrees import subtrees

_LONGEST = 12
"""Actions of a subtree that is put elsewhere, at most."""
_Actions = tuple[int, ...]
_Place = tuple[int, bool]
"""A hole, and whether its list goes on after what fills it."""


def corrupt(
    programs: Sequence[_Actions],
    contexts: Sequence[RowContext],
    root: Root,
    *,
    profile: Profile,
    max_actions: int,
    rng: random.Random,
    tries: int = 4,
) -> list[_Actions | None]:
    """Change one node of each program; the result is as legal as the program.

    The programs are looked at together: each may get a subtree of another. There is None where none
    of `tries` changes was legal, or the budget is too small.
    """
    if not programs:
        return []
    donors = _donors(programs, root)
    drawn = [[_changed(one, root, donors, profile, rng) for _ in range(tries)] for one in programs]
    rows = [
        (at, changed)
        for at, found in enumerate(drawn)
        for changed in found
        if changed != programs[at] and len(changed) <= max_actions
    ]
    legal = _legal(
        [row for _, row in rows], [contexts[at] for at, _ in rows], root, profile, max_actions
    )
    found = {at: changed for (at, changed), fits in zip(rows, legal, strict=True) if fits}
    return [found.get(at) for at in range(len(programs))]


def _changed(
    program: _Actions,
    root: Root,
    donors: Mapping[_Place, Sequence[_Actions]],
    profile: Profile,
    rng: random.Random,
) -> _Actions:
    """Change a node at random; the result may be illegal, or the program itself."""
    tree = subtrees(program, root)
    at = rng.choice(tree.selectable[1:].nonzero()[0].tolist() or [0])
    hole = assign_holes(program, root)[at].id
    others = _exchanges(profile, hole, program[at])
    if others and rng.random() < 0.5:
        return (*program[:at], rng.choice(others), *program[at + 1 :])
    put = rng.choice(donors.get((hole, bool(tree.goes_on[at])), [program[at : tree.ends[at]]]))
    return (*program[:at], *put, *program[tree.ends[at] :])


def _donors(programs: Sequence[_Actions], root: Root) -> dict[_Place, list[_Actions]]:
    """Find the short subtrees of all programs by what they fill."""
    found = defaultdict(list)
    for program in dict.fromkeys(programs):
        tree, holes = subtrees(program, root), assign_holes(program, root)
        for at, end in enumerate(tree.ends.tolist()):
            if tree.selectable[1 + at] and end - at <= _LONGEST and program[at] != STOP:
                found[holes[at].id, bool(tree.goes_on[at])].append(program[at:end])
    return found


@lru_cache(maxsize=4096)
def _exchanges(profile: Profile, hole: int, action: int) -> tuple[int, ...]:
    """Give the actions that could stand in an action's place, its holes staying as they are."""
    old = GRAMMAR.actions[action]
    if action == STOP:
        return ()
    return tuple(
        other.id
        for other in GRAMMAR.actions
        if other.id != action
        and (other.ends, other.holes) == (old.ends, old.holes)
        and other.sort != "stop"
        and profile.has(other)
        and profile.allows(GRAMMAR.holes[hole], other)
    )


def _legal(
    programs: Sequence[_Actions],
    contexts: Sequence[RowContext],
    root: Root,
    profile: Profile,
    max_actions: int,
) -> list[bool]:
    if not programs:
        return []
    lengths = torch.tensor([len(program) for program in programs])
    padded = torch.zeros(len(programs), int(lengths.max()), dtype=torch.int64)
    for row, program in zip(padded, programs, strict=True):
        row[: len(program)] = torch.tensor(program)
    automaton = Automaton(profile, contexts, max_actions, root, torch.device("cpu"))
    legal: list[bool] = automaton.replay(padded, lengths).legal.tolist()
    return legal
