"""How a hole's state is packed into three words of 64 bits, which the automaton keeps on its stack.

SEEN    what its scope has bound (parameters, entry point, slots, words) and signalled
WHERE   scope number | keyword arguments its call has used | flags | nested blocks
PLACE   depth | slot | position of its parent, plus one | kind | hole type
"""

from typing import Final

SEEN, WHERE, PLACE = range(3)
COLUMNS: Final = 3

# SEEN. Names stand in the order of the vocabulary.
PARAM_BIT: Final = 0
ENTRY_BIT: Final = 8
LOCAL_BIT: Final = 9
WORD_BIT: Final = 25
SIGNAL_SHIFT: Final = 38
"""Signals stand this many bits above their flags' places."""

# WHERE: five bits count nested blocks, from one on, so that the fifth says that there are enough.
MAX_NEST: Final = 15
"""Statically nested blocks after which no statement opens another: CPython refuses more than 20."""
NEST: Final = 1
NEST_FULL: Final = 1 << 4
NEST_BITS: Final = 0x1F
FLAG_BIT: Final = 5
SIGNAL_BIT: Final = 14
KEYWORD_BIT: Final = 17
SCOPE_BIT: Final = 32

# PLACE.
KIND_BIT: Final = 10
PARENT_BIT: Final = 13
SLOT_BIT: Final = 32
DEPTH_BIT: Final = 52
MAX_POSITIONS: Final = (1 << 19) - 2

# A state is what flags and signals say: NEST_FULL, then the flags, then the signals.
STATE_BIT: Final = 4
NUM_STATES: Final = 1 << 13
NUM_KEYWORDS: Final = 8

# The literals, parameters, entry point and slots follow each other in the vocabulary: the pointers.
POINTER_LITERAL: Final = 0
POINTER_SEEN: Final = 32
"""Bit of the pointers at which SEEN's first bit stands."""
POINTER_PARAM: Final = POINTER_SEEN + PARAM_BIT
POINTER_ENTRY: Final = POINTER_SEEN + ENTRY_BIT
POINTER_LOCAL: Final = POINTER_SEEN + LOCAL_BIT

# What is read of a hole, as (word, first bit, mask of what is left after the shift). The first six
# are the features' columns; those of the previous sibling and use are filled in later.
FIELDS: Final = {
    "hole": (PLACE, 0, 0x3FF),
    "parent": (PLACE, PARENT_BIT, 0x7FFFF),
    "sibling": (PLACE, 0, 0),
    "depth": (PLACE, DEPTH_BIT, 0x7FF),
    "slot": (PLACE, SLOT_BIT, 0xFFFFF),
    "used": (PLACE, 0, 0),
    "seen": (SEEN, 0, -1),
    "where": (WHERE, 0, -1),
    "place": (PLACE, 0, -1),
    "kind": (PLACE, KIND_BIT, 0x7),
    "flags": (WHERE, STATE_BIT, 0x3FF),
    "signals": (SEEN, SIGNAL_BIT + SIGNAL_SHIFT - 10, 0x1C00),
    "locals": (SEEN, LOCAL_BIT, 0xFFFF),
    "keywords": (WHERE, KEYWORD_BIT - 2, 0x3FC),
    "scope": (WHERE, 0, -1 << SCOPE_BIT),
}
NUM_FEATURES: Final = 6
FIRST_WORD: Final = 6
"""Column of `seen`, which `where` and `place` follow."""
