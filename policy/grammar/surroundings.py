"""What is known for good of where a hole stands, numbered, and how actions change it.

Only what matters for the classes that are to be held is told apart; of the rest the worst is taken
to be so.

K surroundings, V actions, C holes an action opens at most, P actions that are asked after.
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
from policy.grammar.productions import words
from policy.grammar.profiles import Profile

_MATTERS: Final = {
    Flag.LOOP: words("Break Continue"),
    Flag.FSTRING: words("JoinedStr FormattedValue"),
    Flag.COMPREHENSION: words("NamedExpr Yield YieldFrom"),
    Flag.ASYNC: words("Await AsyncFor AsyncWith Yield YieldFrom Return"),
    Flag.FUNCTION: words("Return Yield YieldFrom"),
    Flag.NO_RETURN: words("Return"),
}
"""For which classes a flag makes a difference."""
# Nested blocks that are told apart: in more than these none is sure to have room for another.
_NESTED: Final = 4
# What is always taken to be set where that would rule an action out.
_FEARED: Final = int(Flag.PLAIN_PARAMETERS) | context.KEYWORDS
LOW_BITS: Final = 9
"""Of WHERE: nested blocks and flags, as `Surroundings.number` is read by them."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Those that a profile's programs can have."""

    flags: tuple[int, ...]
    """[K] flags as in WHERE, and nested blocks as far as they are counted."""
    unknown: int
    """Flags that programs can set and that are not told apart."""
    number: Ints
    """[2^15] their numbers, by the bits `returns` (high) and the lowest ones of a hole's WHERE."""
    below: Ints
    """[K, V, C] those of the holes that an action opens."""

    def certain(self, needs: Ints, bans: Ints) -> Bools:
        """[K, P] whether what actions need is there for good in each, and nothing they ban."""
        have = np.array([_had(state, self.unknown) for state in self.flags])[:, None]
        feared = have | _FEARED | self.unknown
        result: Bools = (needs & ~have == 0) & (bans & feared == 0)
        return result


def surroundings(profile: Profile, require: tuple[str, ...]) -> Surroundings:
    """Those that matter for the classes in `require`, beginning with those of the roots."""
    known = sum(int(flag) for flag, names in _MATTERS.items() if set(names) & set(require))
    if profile.returns:
        # A class may stand in the `return` that a function must end with.
        known |= int(Flag.MUST_RETURN | Flag.FUNCTION)
    return _surroundings(profile, known)


@lru_cache(maxsize=64)
def _surroundings(profile: Profile, known: int) -> Surroundings:
    effects = {
        (action.id, slot): context.effect(action, use)
        for action in GRAMMAR.actions
        if profile.has(action)
        for slot, use in enumerate(action.holes)
    }
    distinct = set(effects.values())
    function, must = int(Flag.FUNCTION), int(Flag.MUST_RETURN) * profile.returns
    found = dict.fromkeys(NEST | flags & known for flags in (0, function, function | must))
    queue = list(found)
    while queue:
        flags = queue.pop()
        for new in {_after(flags, effect, known) for effect in distinct} - found.keys():
            found[new] = None
            queue.append(new)
    numbers = {flags: at for at, flags in enumerate(found)}
    below = np.zeros((len(found), GRAMMAR.num_actions, MAX_CHILDREN), dtype=np.int64)
    for (action, slot), effect in effects.items():
        below[:, action, slot] = [numbers[_after(flags, effect, known)] for flags in found]
    unknown: int = function
    for effect in distinct:
        unknown |= int(effect.set)
    return Surroundings(tuple(found), unknown & ~known, _number(numbers, known), below)


def _after(flags: int, effect: context.Effect, known: int) -> int:
    nested = NEST if effect.resets_nest else flags & NEST_BITS
    kept = (flags & ~int(effect.clear) | int(effect.set)) & known
    return kept | min(nested + effect.nest, _NESTED)


def _number(numbers: dict[int, int], known: int) -> Ints:
    fields = np.arange(1 << RETURN_BITS + LOW_BITS)
    low = fields & (1 << LOW_BITS) - 1
    flags = (fields >> LOW_BITS << RETURN_BIT | low & ~NEST_BITS) & known
    states = flags | np.minimum(low & NEST_BITS, _NESTED)
    # Others do not come up.
    return np.array([numbers.get(state, 0) for state in states.tolist()])


def _had(state: int, unknown: int) -> int:
    """The flags that are set, and what follows from them whatever else is or was signalled."""
    feared = state | unknown & ~int(Flag.FUNCTION)
    found = state & ~NEST_BITS | int(context.derive(np.array([feared]))[0])
    if feared & Flag.ASYNC:
        # Such a function cannot both yield and return a value.
        found &= ~(context.YIELD | context.RETURN_VALUE)
    return found | NEST_FULL * (state & NEST_BITS == _NESTED)
