"""Sets of actions as bits, and which sets the states of a hole allow; no profile changes them.

A set is `WORDS` words of 64 bits, action a at bit a % 64 of word a // 64.

V actions, W words, K kinds of holes.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policy.grammar import context
from policy.grammar.context import Flag, Kind
from policy.grammar.grammar import GRAMMAR, Action
from policy.grammar.layout import (
    AROUND_BIT,
    AROUND_BITS,
    BLOCK,
    KEYWORD_BIT,
    KIND_BIT,
    NUM_KEYWORDS,
    NUM_SIGNALS,
    POINTER_BIT,
    POINTER_BITS,
    RETURN_BIT,
    RETURN_BITS,
)
from policy.grammar.moves import Ints
from policy.grammar.requirements import Pointer, Requirement, is_pointer, requirement

WORDS: Final = -(-GRAMMAR.num_actions // 64)
# Words that say of names and literals whether they may be pointed at: what is seen, what is not,
# slots to store, fresh slots, literals that an f-string cannot quote, and what is always given.
SEEN, UNSEEN, STORABLE, FRESH, PLAIN, GIVEN = range(6)
SOURCES: Final = 6
_BY_POINTER: Final = {
    None: (SEEN, UNSEEN),
    Pointer.VISIBLE: (SEEN,),
    Pointer.UNSEEN: (UNSEEN,),
    Pointer.FRESH_PARAM: (UNSEEN,),
    Pointer.STORABLE: (STORABLE,),
    Pointer.FRESH_LOCAL: (FRESH,),
    Pointer.LITERAL: (PLAIN, GIVEN),
    Pointer.ENTRY: (GIVEN,),
}
_POINTERS: Final = [action.id for action in GRAMMAR.actions if is_pointer(action)]
POINTED: Final = slice(min(_POINTERS) // 64, max(_POINTERS) // 64 + 1)
"""The words of a set in which names and literals stand, no two names at the same place."""
FIRST_SLOT: Final = 1 << GRAMMAR.action_ids["LOCAL_0"] % 64
LAST_SLOTS: Final = (GRAMMAR.action_ids["LOCAL_0"] + GRAMMAR.max_locals - 3) % 64
"""Where the last three slots stand; slots are bound in their order."""


def pack(sets: NDArray[np.bool_]) -> Ints:
    """[…, V] booleans as […, W] words."""
    padded = np.zeros((*sets.shape[:-1], WORDS * 64), dtype=bool)
    padded[..., : sets.shape[-1]] = sets
    packed = np.packbits(padded, axis=-1, bitorder="little")
    return packed.view("<i8").astype(np.int64, copy=False)


def _asked(action: Action) -> Requirement:
    """What holes ask of an action, in blocks; `returns` frees those in other holes of a part."""
    return requirement(Kind.BLOCK, action)


@lru_cache(maxsize=1)
def _plain() -> tuple[list[Action], Ints]:
    """The actions that are no pointers, and [3, V'] what each needs, bans and takes of slots."""
    found = [(action, _asked(action)) for action in GRAMMAR.actions]
    kept = [(action, asked) for action, asked in found if action.id not in _POINTERS]
    return [action for action, _ in kept], np.array([asked[:3] for _, asked in kept]).T


def _where(allowed: NDArray[np.bool_]) -> Ints:
    """Sets of those actions that are no pointers."""
    sets = np.zeros((len(allowed), GRAMMAR.num_actions), dtype=bool)
    sets[:, [action.id for action in _plain()[0]]] = allowed
    return pack(sets)


def _hold(states: Ints, told: int) -> NDArray[np.bool_]:
    """[S, V'] whether what is needed holds in a state, and nothing that is banned, of some bits."""
    need, ban, _ = _plain()[1] & told
    result: NDArray[np.bool_] = (states[:, None] & (need | ban)) == need
    return result


@lru_cache(maxsize=1)
def returns() -> Ints:
    """[2^9, W] what signals and the flags that returns and yields ask for allow."""
    states = np.arange(1 << RETURN_BITS + NUM_SIGNALS) << RETURN_BIT
    derived = context.derive(states)
    # Only at the end of a block must a function have returned.
    derived &= np.where(states & BLOCK, -1, ~context.NEED_RETURN)
    told = int(Flag.ASYNC | Flag.COMPREHENSION) | context.DERIVED
    return _where(_hold(states | derived, told))


@lru_cache(maxsize=1)
def around() -> Ints:
    """[2^8, W] what a hole's other surroundings allow, and whether each of the last slots is used.

    Of slots, at most three are asked for.
    """
    states = np.arange(1 << AROUND_BITS + 3)
    used = states >> AROUND_BITS
    unused = 3 - (used & 1) - (used >> 1 & 1) - (used >> 2)
    inside = (states & (1 << AROUND_BITS) - 1) << AROUND_BIT
    told = ((1 << AROUND_BITS) - 1) << AROUND_BIT
    return _where(_hold(inside, told) & (unused[:, None] >= _plain()[1][2]))


@lru_cache(maxsize=1)
def keywords() -> Ints:
    """[2^8, W] what may follow the keyword arguments that a call has used."""
    return _where(_hold(np.arange(1 << NUM_KEYWORDS) << KEYWORD_BIT, context.KEYWORDS))


@lru_cache(maxsize=1)
def pointers() -> Ints:
    """[2^5, SOURCES, T] of each source, what kinds of holes and two flags allow."""
    states = np.arange(1 << POINTER_BITS) << POINTER_BIT
    by_kind = np.zeros((len(Kind), SOURCES, GRAMMAR.num_actions), dtype=bool)
    for kind in Kind:
        for action in _POINTERS:
            asked = requirement(kind, GRAMMAR.actions[action])
            for source in _BY_POINTER[asked.pointer]:
                by_kind[kind, source, action] = True
    sets = by_kind[states >> KIND_BIT]
    sets[states & Flag.NO_CAPTURE > 0, FRESH] = False
    sets[states & Flag.FSTRING > 0, PLAIN] = False
    return pack(sets)[..., POINTED]
