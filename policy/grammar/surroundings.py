"""What is known for good of where a hole stands, numbered, and how actions change it.

K surroundings, V actions, C holes an action opens at most.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from policy.grammar import context
from policy.grammar.context import Flag
from policy.grammar.grammar import GRAMMAR
from policy.grammar.layout import NEST, NEST_BITS, NEST_FULL, RETURN_BIT, RETURN_BITS
from policy.grammar.moves import MAX_CHILDREN, Bools, Ints
from policy.grammar.profiles import Profile

_KNOWN: Final = int(
    Flag.LOOP | Flag.FSTRING | Flag.FUNCTION | Flag.ASYNC | Flag.COMPREHENSION | Flag.NO_RETURN
    | Flag.MUST_RETURN
)  # fmt: skip
# Nested blocks that are told apart: in more than these none is sure to have room for another.
_NESTED: Final = 4
# What is taken to be set where that would rule an action out.
_FEARED: Final = int(Flag.PLAIN_PARAMETERS) | context.KEYWORDS
LOW_BITS: Final = 9
"""Of WHERE: nested blocks and flags, as `Surroundings.number` is read by them."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Those that a profile's programs can have."""

    flags: tuple[int, ...]
    """[K] flags as in WHERE, and nested blocks as far as they are counted."""
    number: Ints
    """[2^15] their numbers, by the bits `returns` (high) and the lowest ones of a hole's WHERE."""
    below: Ints
    """[K, V, C] those of the holes that an action opens."""


@lru_cache(maxsize=16)
def surroundings(profile: Profile) -> Surroundings:
    """Number them, beginning with those of the roots."""
    effects = {
        (action.id, slot): context.effect(action, use)
        for action in GRAMMAR.actions
        if profile.has(action)
        for slot, use in enumerate(action.holes)
    }
    distinct = set(effects.values())
    must = int(Flag.MUST_RETURN) * profile.returns
    found = dict.fromkeys((NEST, NEST | int(Flag.FUNCTION), NEST | int(Flag.FUNCTION) | must))
    queue = list(found)
    while queue:
        flags = queue.pop()
        for new in {_after(flags, effect) for effect in distinct} - found.keys():
            found[new] = None
            queue.append(new)
    numbers = {flags: at for at, flags in enumerate(found)}
    below = np.zeros((len(found), GRAMMAR.num_actions, MAX_CHILDREN), dtype=np.int64)
    for (action, slot), effect in effects.items():
        below[:, action, slot] = [numbers[_after(flags, effect)] for flags in found]
    return Surroundings(tuple(found), _number(numbers), below)


def _after(flags: int, effect: context.Effect) -> int:
    nested = NEST if effect.resets_nest else flags & NEST_BITS
    known = (flags & ~int(effect.clear) | int(effect.set)) & _KNOWN
    return known | min(nested + effect.nest, _NESTED)


def _number(numbers: dict[int, int]) -> Ints:
    fields = np.arange(1 << RETURN_BITS + LOW_BITS)
    low = fields & (1 << LOW_BITS) - 1
    known = (fields >> LOW_BITS << RETURN_BIT | low & ~NEST_BITS) & _KNOWN
    words = known | np.minimum(low & NEST_BITS, _NESTED)
    # Others do not come up.
    return np.array([numbers.get(word, 0) for word in words.tolist()])


def certain(profile: Profile, needs: Ints, bans: Ints) -> Bools:
    """[K, P] whether what actions need is there for good in each, and nothing that they ban."""
    states = surroundings(profile).flags
    have = np.array([_had(state) for state in states])
    feared = have | _FEARED
    result: Bools = (needs & ~have[:, None] == 0) & (bans & feared[:, None] == 0)
    return result


def _had(state: int) -> int:
    """The flags, and what follows from them whatever was signalled."""
    found = state & _KNOWN | context.derive(state)
    if state & Flag.ASYNC:
        # Such a function cannot both yield and return a value.
        found &= ~(context.YIELD | context.RETURN_VALUE)
    return found | NEST_FULL * (state & NEST_BITS == _NESTED)
