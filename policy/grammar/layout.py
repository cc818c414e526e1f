"""How a row's state is packed into words of 64 bits.

A hole on the stack is two words:

    WHERE   the column of its scope | keyword arguments its call has used | flags | nested blocks
    PLACE   depth | slot | the column of its parent | kind | hole type

A row's memory has a column a scope, a name and a parent. A scope's column holds what is SEEN there
(parameters, entry point, slots and words that are bound) and what its function has signalled; a
name's, the position at which it was used last; a parent's, that of the child filled last.
"""

from typing import Final

WHERE, PLACE = range(2)
COLUMNS: Final = 2

# SEEN. Names stand in the order of the vocabulary.
PARAM_BIT: Final = 0
ENTRY_BIT: Final = 8
LOCAL_BIT: Final = 9
WORD_BIT: Final = 25
SEEN_BITS: Final = 52
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

# A state is what flags and signals say: NEST_FULL, then the flags, then the signals.
STATE_BIT: Final = 4
NUM_STATES: Final = 1 << 13
NUM_KEYWORDS: Final = 8

# Columns of the memory. A scope that an action at depth d opens has column 2d + 2, or 2d + 3 where
# what was signalled outside counts no more; the root's is 0. Samples are no deeper than 50 actions
# (`masks.MAX_DEPTH`), and what is not allowed may wrap around.
NUM_SCOPES: Final = 130
NO_NAME: Final = (NUM_SCOPES, NUM_SCOPES + 1)
"""Read and written by an action that is no name: nothing stands in the first one."""
FIRST_NAME: Final = NUM_SCOPES + 2
ROOT_PARENT: Final = FIRST_NAME + SEEN_BITS
FIRST_PARENT: Final = ROOT_PARENT + 1
"""The column of the action at position 0 as a parent."""
MAX_POSITIONS: Final = (1 << 19) - 1 - FIRST_PARENT

# What is read of a hole, as (word, first bit, mask of what is left after the shift). The first six
# are the features' columns; those of the previous sibling and use are filled in later.
FIELDS: Final = {
    "hole": (PLACE, 0, 0x3FF),
    "parent": (PLACE, PARENT_BIT, 0x7FFFF),
    "sibling": (PLACE, 0, 0),
    "depth": (PLACE, DEPTH_BIT, 0x7FF),
    "slot": (PLACE, SLOT_BIT, 0xFFFFF),
    "used": (PLACE, 0, 0),
    "opened": (PLACE, DEPTH_BIT - 1, 0x7E),
    "opened_function": (PLACE, DEPTH_BIT - 1, 0x7E),
    "parent_column": (PLACE, PARENT_BIT, 0x7FFFF),
    "scope": (WHERE, SCOPE_BIT, 0xFF),
    "where": (WHERE, 0, -1),
    "place": (PLACE, 0, -1),
    "flags": (WHERE, STATE_BIT, 0x3FF),
    "keywords": (WHERE, KEYWORD_BIT - 2, 0x3FC),
    "kind": (PLACE, KIND_BIT, 0x7),
}
NUM_FEATURES: Final = 6
# What is read of a scope, as (first bit, mask).
SCOPE_FIELDS: Final = {
    "seen": (0, -1),
    "signals": (SIGNAL_BIT + SIGNAL_SHIFT - 10, 0x1C00),
    "locals": (LOCAL_BIT, 0xFFFF),
}
