"""Sets of actions as bits, and which sets the states of a hole allow; no profile changes them.

A set is `WORDS` words of 64 bits, action a at bit a % 64 of word a // 64.

V actions, W words, S states, K kinds of holes.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policy.grammar import context
from policy.grammar.context import Flag, Kind, Pointer
from policy.grammar.grammar import GRAMMAR, Action
from policy.grammar.layout import (
    KEYWORD_BIT,
    NEST_FULL,
    NUM_KEYWORDS,
    NUM_STATES,
    POINTER_ENTRY,
    POINTER_LITERAL,
    POINTER_LOCAL,
    POINTER_PARAM,
    STATE_BIT,
    WORD_BIT,
)
from policy.grammar.moves import Ints

WORDS: Final = -(-GRAMMAR.num_actions // 64)
FIRST_POINTER: Final = GRAMMAR.action_ids["LIT_0"]
_LOCALS: Final = (1 << GRAMMAR.max_locals) - 1
# Columns after a set's words: which pointers are allowed that are visible, storable, fresh, and
# literals that an f-string cannot quote; of a kind, also the bits of SEEN that are turned around
# and those that are asked for.
VISIBLE, STORABLE, FRESH, PLAIN, TURNED, ASKED = range(WORDS, WORDS + 6)


def pack(sets: NDArray[np.bool_]) -> Ints:
    """[…, V] booleans as […, W] words."""
    padded = np.zeros((*sets.shape[:-1], WORDS * 64), dtype=bool)
    padded[..., : sets.shape[-1]] = sets
    packed = np.packbits(padded, axis=-1, bitorder="little")
    return packed.view("<i8").astype(np.int64, copy=False)


def _set(actions: Iterable[Action]) -> Ints:
    chosen = np.zeros(GRAMMAR.num_actions, dtype=bool)
    chosen[[action.id for action in actions]] = True
    return pack(chosen)


def spread(first_bit: int, first_action: int) -> Ints:
    """[2, W] how bits of a word become a set: word * spread[0] + (word >> spread[1]).

    Bit `first_bit` is to stand for `first_action`. The word must not be negative.
    """
    shift = first_action - first_bit - 64 * np.arange(WORDS)
    left = np.where((shift >= 0) & (shift < 64), 1 << (shift & 63), 0)
    return np.stack((left, np.where((shift < 0) & (shift > -64), -shift, 63)))


@lru_cache(maxsize=1)
def states() -> Ints:
    """[S, W + 4] what flags and signals allow, kinds and pointers aside, and their pointers."""
    numbers = np.arange(NUM_STATES) << STATE_BIT
    holding = numbers | _derived(numbers)
    sets = np.zeros((NUM_STATES, WORDS + 4), dtype=np.int64)
    for (need, ban), actions in _by_flags().items():
        holds = (holding & (need | ban) & ~context.KEYWORDS) == need
        sets[:, :WORDS] |= np.where(holds[:, None], _set(actions), 0)
    sets[:, WORDS:] = -1
    sets[numbers & Flag.NO_CAPTURE > 0, FRESH] = ~(_LOCALS << POINTER_LOCAL)
    sets[numbers & Flag.FSTRING > 0, PLAIN] = 0
    return sets


def _derived(numbers: Ints) -> Ints:
    bits = NEST_FULL | sum(Flag)
    found = {number: context.derive(number) for number in set((numbers & bits).tolist())}
    return np.array([found[number] for number in (numbers & bits).tolist()])


def _by_flags() -> dict[tuple[int, int], list[Action]]:
    found: dict[tuple[int, int], list[Action]] = {}
    for action in GRAMMAR.actions:
        asked = _asked(action)
        if asked.pointer is None:
            found.setdefault((asked.need, asked.ban & ~context.KEYWORDS), []).append(action)
    return found


def _asked(action: Action) -> context.Requirement:
    """What most kinds of holes ask, blocks included: `kinds` frees the others of it."""
    name = context.name_bit(action) is not None
    return context.requirement(Kind.LOAD if name else Kind.BLOCK, action)


@lru_cache(maxsize=1)
def counts() -> Ints:
    """[keywords used * 4 + unused slots, W] what is allowed by the two."""
    number = np.arange(4 << NUM_KEYWORDS)
    used, unused = number >> 2 << KEYWORD_BIT, number & 3
    sets = np.full((len(number), WORDS), -1, dtype=np.int64)
    for action in GRAMMAR.actions:
        asked = _asked(action)
        if asked.free or asked.ban & context.KEYWORDS:
            refused = (unused < asked.free) | (used & asked.ban > 0)
            sets[refused] &= ~_set([action])
    return sets


@lru_cache(maxsize=1)
def slots() -> Ints:
    """[2^16, 3] by the visible slots: pointers to store, fresh ones, and up to 3 unused."""
    used = np.arange(1 << GRAMMAR.max_locals)
    lowest = ~used & (used + 1) & _LOCALS
    unused = np.zeros_like(used)
    for bit in range(GRAMMAR.max_locals):
        unused += ~used >> bit & 1
    pointers = (used | lowest) << POINTER_LOCAL, lowest << POINTER_LOCAL
    return np.stack((*pointers, np.minimum(unused, 3)), axis=1)


@lru_cache(maxsize=1)
def kinds() -> Ints:
    """[K, W + 6] what a kind allows in every state, and its pointers."""
    rows = np.zeros((len(Kind), WORDS + 6), dtype=np.int64)
    for kind in Kind:
        free = []
        for action in GRAMMAR.actions:
            asked = context.requirement(kind, action)
            if asked.pointer is not None:
                column, bit = _place(asked.pointer, action)
                rows[kind, column] |= bit
                if asked.pointer is Pointer.LITERAL:
                    rows[kind, PLAIN] |= bit
                if asked.pointer is Pointer.UNSEEN:
                    rows[kind, TURNED] |= bit
            elif asked == context.ALWAYS != _asked(action):
                free.append(action)
        rows[kind, :WORDS] = _set(free)
    return rows


def _place(pointer: Pointer, action: Action) -> tuple[int, int]:
    """The column and the bit in which a pointer's condition is read."""
    bit = context.name_bit(action)
    if bit is not None and bit >= WORD_BIT:
        return ASKED, 1 << bit
    match pointer:
        case Pointer.STORABLE | Pointer.FRESH_PARAM:
            column = STORABLE
        case Pointer.FRESH_LOCAL | Pointer.ENTRY:
            column = FRESH
        case _:
            column = VISIBLE
    return column, 1 << action.id - FIRST_POINTER


_STANDS: Final = {
    "LIT_0": POINTER_LITERAL,
    "PARAM_0": POINTER_PARAM,
    "ENTRY": POINTER_ENTRY,
    "LOCAL_0": POINTER_LOCAL,
}
assert all(GRAMMAR.action_ids[name] - FIRST_POINTER == bit for name, bit in _STANDS.items())


def pointer_spread() -> Ints:
    """How pointers become a set."""
    return spread(0, FIRST_POINTER)


def word_spread() -> Ints:
    """How the words of SEEN become a set."""
    return spread(WORD_BIT, context.FIRST_WORD)
