"""How a row's state is packed into words of 64 bits.

A hole on the stack is two words:

    WHERE   depth beyond MAX_DEPTH | outer scope | scope | depth | flags and kind | nested blocks
    PLACE   slot | the cell of its parent | row of the tables | hole type

Below its stack a row has a cell a scope, a name and a parent. A scope's cell holds what is SEEN
there (parameters, entry point, slots and words that are bound) and what its function has signalled;
a name's, the position at which it was used last; a parent's, that of the child filled last.
"""

from typing import Final, NamedTuple

WHERE, PLACE = range(2)
COLUMNS: Final = 2
MAX_DEPTH: Final = 40
"""Actions above a hole from which on only the shortest completion is allowed: CPython's parser, its
compiler and `ast.unparse` recurse, each to a limit."""

# SEEN. A name's bit is its action's in a word of a set of actions, so that what is seen is such a
# word itself (`context.name_bit`). Signals stand where no name does.
SIGNAL_SHIFT: Final = 28
"""Signals stand this many bits above their flags' places."""

# WHERE: five bits count nested blocks, from one on, so that the fifth says that there are enough.
MAX_NEST: Final = 15
"""Statically nested blocks after which no statement opens another: CPython refuses more than 20."""
NEST: Final = 1
NEST_FULL: Final = 1 << 4
NEST_BITS: Final = 0x1F
# Then what the tables of masks are read by, each a run of bits: surroundings (NEST_FULL included),
# what pointers ask (two flags and the kind), and what returns and yields ask.
AROUND_BIT: Final = 4
AROUND_BITS: Final = 5
POINTER_BIT: Final = 7
POINTER_BITS: Final = 5
KIND_BIT: Final = 9
BLOCK: Final = 1 << 12
"""Whether the hole is one for statements."""
RETURN_BIT: Final = 12
RETURN_BITS: Final = 6
SIGNAL_BIT: Final = 18
NUM_SIGNALS: Final = 3
KEYWORD_BIT: Final = 21
"""Keyword arguments that a call has used; on the stack, in the low bits of PLACE's row."""
NUM_KEYWORDS: Final = 8
DEPTH_BIT: Final = 32
SCOPE_BIT: Final = 40
OUTER_BIT: Final = 48
BEYOND_BIT: Final = 56
"""Depth - MAX_DEPTH: negative, with the sign of the word, where a hole is not too deep."""

# PLACE.
ROW_BIT: Final = 10
PARENT_BIT: Final = 20
SLOT_BIT: Final = 39
KEYWORD_ROW: Final = 512
"""The first of the rows of the `keywords` left after some; other holes' rows are their types."""
NUM_ROWS: Final = KEYWORD_ROW + (1 << NUM_KEYWORDS)

# Cells. An action at depth d opens scope d: samples are no deeper than 50 actions, and what is not
# allowed may wrap around.
NUM_SCOPES: Final = 64
ROOT_SCOPE: Final = NUM_SCOPES - 1
FIRST_NAME: Final = NUM_SCOPES
NO_NAME: Final = (FIRST_NAME + 64, FIRST_NAME + 65)
"""Read and written by an action that is no name: -1 stands in the first one for good."""
ROOT_PARENT: Final = FIRST_NAME + 66
FIRST_PARENT: Final = ROOT_PARENT + 1
"""The cell of the action at position 0 as a parent; then one a position, then the stack."""
MAX_POSITIONS: Final = (1 << 19) - 1 - FIRST_PARENT


class Bits(NamedTuple):
    """Where a field of a hole stands."""

    word: int
    first: int
    mask: int


# What is known of the hole on top, in the order of the rows in which it is kept. First what is
# found in cells: previous sibling, what the hole's scope and the one around that have seen,
# previous use of the last action's name.
SIBLING, OWN, OUTER, USED = range(4)
FOUND: Final = 4
FIELDS: Final = {
    "parent": Bits(PLACE, PARENT_BIT, 0x7FFFF),
    "scope": Bits(WHERE, SCOPE_BIT, NUM_SCOPES - 1),
    "outer": Bits(WHERE, OUTER_BIT, NUM_SCOPES - 1),
    "hole": Bits(PLACE, 0, (1 << ROW_BIT) - 1),
    "depth": Bits(WHERE, DEPTH_BIT, 0xFF),
    "slot": Bits(PLACE, SLOT_BIT, 0xFFFFF),
    "opened": Bits(WHERE, DEPTH_BIT, NUM_SCOPES - 1),
    "scopes": Bits(WHERE, DEPTH_BIT, 0xFFFF),
    "where": Bits(WHERE, 0, -1),
    "place": Bits(PLACE, 0, -1),
    "returns": Bits(WHERE, RETURN_BIT, (1 << RETURN_BITS) - 1),
    "around": Bits(WHERE, AROUND_BIT, (1 << AROUND_BITS) - 1),
    "pointers": Bits(WHERE, POINTER_BIT, (1 << POINTER_BITS) - 1),
    "row": Bits(PLACE, ROW_BIT, (1 << ROW_BIT) - 1),
    "room": Bits(WHERE, 63, -1),
}
PARENT, SCOPE, AROUND_SCOPE, HOLE, DEPTH, SLOT, OPENED, SCOPES, AT, STANDS, RETURNS, AROUND = range(
    FOUND, FOUND + 12
)
POINTERS: Final = AROUND + 1
ROOM: Final = POINTERS + 2
"""From here on: `pointers`, `row`, `room`, then what is seen and the first two registers."""
SEEN_ROW: Final = FOUND + len(FIELDS)
# Registers: what may be spent beyond the shortest program, actions and nodes; the cell of the hole
# on top; the next action's position; where the last name's use is read and written; names bound.
REGISTERS: Final = SEEN_ROW + 1
ACTIONS, NODES, HEIGHT, POSITION, READ, WRITE, BOUND = range(REGISTERS, REGISTERS + 7)
NUM_REGISTERS: Final = 7
FEATURES: Final = (HOLE, PARENT, SIBLING, DEPTH, SLOT, USED)


def signed(word: int) -> int:
    """The word as the signed number of the same bits."""
    word &= (1 << 64) - 1
    return word - (1 << 64) if word >> 63 else word
