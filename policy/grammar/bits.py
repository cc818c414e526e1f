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
    LOCAL_BIT,
    NEST_FULL,
    NUM_KEYWORDS,
    NUM_STATES,
    PARAM_BIT,
    STATE_BIT,
    WORD_BIT,
)
from policy.grammar.moves import Ints

WORDS: Final = -(-GRAMMAR.num_actions // 64)
_LOCALS: Final = (1 << GRAMMAR.max_locals) - 1
# Words that say of names and literals whether they may be pointed at: what is seen, what is not,
# slots to store, fresh slots, literals that an f-string cannot quote, and what is always given.
SEEN, UNSEEN, STORABLE, FRESH, PLAIN, GIVEN = range(6)
SOURCES: Final = 6
_BY_POINTER: Final = {
    Pointer.VISIBLE: (SEEN,),
    Pointer.UNSEEN: (UNSEEN,),
    Pointer.FRESH_PARAM: (UNSEEN,),
    Pointer.STORABLE: (STORABLE,),
    Pointer.FRESH_LOCAL: (FRESH,),
    Pointer.LITERAL: (PLAIN, GIVEN),
    Pointer.ENTRY: (GIVEN,),
}
_FIRST_POINTER: Final = GRAMMAR.action_ids["LIT_0"]
GIVEN_ENTRY: Final = GRAMMAR.action_ids["ENTRY"] - _FIRST_POINTER
"""The entry point's bit in GIVEN; literal i is bit i there and in PLAIN."""
POINTED: Final = slice(_FIRST_POINTER // 64, context.LAST_WORD // 64 + 1)
"""The words of a set in which names and literals stand."""


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


@lru_cache(maxsize=1)
def spread() -> Ints:
    """[2, SOURCES, T] how sources become sets' words: source * spread[0] + (source >> spread[1]).

    Sources are not negative; bits that are not those of a source's names are to be masked away.
    """
    start = 64 * np.arange(POINTED.start, POINTED.stop)
    seen = np.where(
        start < context.FIRST_WORD // 64 * 64,
        GRAMMAR.action_ids["PARAM_0"] - PARAM_BIT,
        context.FIRST_WORD - WORD_BIT,
    )
    shift = np.stack([_FIRST_POINTER - start if i in (PLAIN, GIVEN) else seen - start
                      for i in range(SOURCES)])  # fmt: skip
    left = np.where((shift >= 0) & (shift < 64), 1 << (shift & 63), 0)
    return np.stack((left, np.where((shift < 0) & (shift > -64), -shift, 63)))


@lru_cache(maxsize=1)
def states() -> Ints:
    """[S, W + SOURCES] what flags and signals allow, in every kind, and of each source."""
    numbers = np.arange(NUM_STATES) << STATE_BIT
    holding = numbers | _derived(numbers)
    sets = np.zeros((NUM_STATES, WORDS + SOURCES), dtype=np.int64)
    for (need, ban), actions in _by_flags().items():
        holds = (holding & (need | ban) & ~context.KEYWORDS) == need
        sets[:, :WORDS] |= np.where(holds[:, None], _set(actions), 0)
    sets[:, WORDS:] = -1
    sets[numbers & Flag.NO_CAPTURE > 0, WORDS + FRESH] = 0
    sets[numbers & Flag.FSTRING > 0, WORDS + PLAIN] = 0
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
    bits = (used | lowest) << LOCAL_BIT, lowest << LOCAL_BIT
    return np.stack((*bits, np.minimum(unused, 3)), axis=1)


@lru_cache(maxsize=1)
def kinds() -> Ints:
    """[K, W + SOURCES * T] what a kind allows in every state, and what each source allows."""
    sets = np.zeros((len(Kind), 1 + SOURCES, GRAMMAR.num_actions), dtype=bool)
    plain = [_asked(action) for action in GRAMMAR.actions]
    for kind in Kind:
        for action, usual in zip(GRAMMAR.actions, plain, strict=True):
            asked = context.requirement(kind, action)
            if asked.pointer is not None:
                sets[kind, [1 + source for source in _BY_POINTER[asked.pointer]], action.id] = True
            elif asked == context.ALWAYS != usual:
                sets[kind, 0, action.id] = True
    packed = pack(sets)
    pointed = packed[:, 1:, POINTED].reshape(len(Kind), -1)
    return np.concatenate((packed[:, 0], pointed), axis=1)
