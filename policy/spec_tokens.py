"""Tokens of a spec: what they say in small integers and in numbers."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

from policy.literals import Literal, literal_key
from policy.text import VOCABULARY

_HASHED = 512
WORDS = VOCABULARY.size + _HASHED
"""Rows of the word table: the pieces of the vocabulary, then what has its row by a hash."""
TYPES = ("none", "bool", "int", "float", "str", "bytes", "list", "tuple", "set", "dict", "other")
MAX_ROLES = 10
ACTUAL_ROLE = MAX_ROLES
"""Role of what a draft gave, where the policy refines."""
MAX_PLACES = 64
MAX_DEPTH = 4
MAX_PROGRAM_DEPTH = 32
"""Deeper actions of a draft look as if they were not."""
_BITS = 8
_MODULI = (3, 5, 7)
NUMERIC = 8 + _BITS + sum(_MODULI) + 4 + _BITS
"""Numeric features of a token."""


class Kind(IntEnum):
    """What a token stands for."""

    PAD = 0
    SPEC = 1
    """Always there: a spec has a token to read even with every modality off."""
    NAME = 2
    PARAM = 3
    RETURN = 4
    PROPERTY = 5
    VALUE = 6
    KEY = 7
    CHARACTER = 8
    CUT = 9
    """Items that did not fit."""
    CONSTRAINT = 10
    STAGE = 11
    TAG = 12
    WORD = 13
    LITERAL = 14
    # The kinds from here on have rows in the tables of policies that refine, and no others.
    PROGRAM = 15
    """An action of a draft."""
    FEEDBACK = 16
    """A verdict on a draft."""


FIRST_DRAFT_KIND = Kind.PROGRAM


class Ids(NamedTuple):
    """One token in small integers; `FIELD_SIZES` bounds each."""

    kind: int = 0
    type: int = 0
    word: int = 0
    """Row in the word table of a piece, a character, or a whole string, type or tag; 0 is none."""
    role: int = 0
    """1 the output, 2 + i argument or parameter i."""
    example: int = 0
    """1 + index of the example."""
    place: int = 0
    """1 + index within a container, a name, the text or a program."""
    depth: int = 0
    """Containers around a value; 1 for a piece that goes on with the word of the one before."""
    slot: int = 0
    """1 + index in the literal table, where a literal stands."""
    action: int = 0
    """1 + action, where one of a draft stands."""
    node: int = 0
    """1 where an edit may point."""


@dataclass(frozen=True)
class Token:
    """Its integers and its numeric features (NUMERIC floats, or none for zeros)."""

    ids: Ids
    numbers: tuple[float, ...] = ()


@dataclass
class Slots:
    """Finds the literal table's slot of a value."""

    literals: Sequence[Literal]
    index: dict[tuple[type, object], int] = field(init=False)

    def __post_init__(self) -> None:
        self.index = {(type(v), v): i + 1 for i, v in enumerate(self.literals)}

    def of(self, value: object) -> int:
        """Give 1 + the value's index, or 0."""
        key = literal_key(value)
        return 0 if key is None else self.index.get(key, 0)


def word_row(word: str) -> int:
    """Give the row of what is no text (a type, a tag, a whole string), the same in every process.

    The row is a hash: these have no vocabulary, and few of them meet in one row.
    """
    digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return 1 + VOCABULARY.size + int.from_bytes(digest, "little") % _HASHED


def piece_tokens(words: Iterable[str], at: Ids, limit: int) -> Iterator[Token]:
    """Yield at most `limit` tokens of words in pieces: one each, placed from `at.place` on."""
    pieces = ((row, inner) for word in words for inner, row in enumerate(VOCABULARY.split(word)))
    for index, (row, inner) in enumerate(islice(pieces, limit)):
        place = min(at.place + index, MAX_PLACES - 1)
        yield Token(at._replace(word=row, place=place, depth=min(inner, 1)))


def _character_row(character: str) -> int:
    rows = VOCABULARY.split(character)
    return rows[0] if len(rows) == 1 else word_row(f"c:{character}")


def type_row(value: object) -> int:
    """Give 1 + the index of a value's type."""
    name = "none" if value is None else type(value).__name__
    return 1 + TYPES.index(name if name in TYPES else "other")


def numbers(value: object) -> tuple[float, ...]:
    """Give NUMERIC features: sign, magnitude, low bits and residues, or a container's length."""
    if isinstance(value, int | float):
        return _number_features(value)
    if isinstance(value, str | bytes | list | tuple | set | dict):
        return _length_features(len(value))
    return ()


def _number_features(value: float) -> tuple[float, ...]:
    finite = isinstance(value, int) or math.isfinite(value)  # an int may be too large for a float
    size = min(abs(value), 1e18) if finite else 1e18
    whole = int(size)
    features = [
        1.0,
        float((value > 0) - (value < 0)),
        math.log1p(size) / 8,
        min(size, 16.0) / 16,
        float(value == 0),
        float(size == 1),
        float(finite and value == whole * (1 if value > 0 else -1)),
        size - whole,
    ]
    features += [float(whole >> bit & 1) for bit in range(_BITS)]
    for modulus in _MODULI:
        features += [float(whole % modulus == r) for r in range(modulus)]
    return tuple(features + [0.0] * (NUMERIC - len(features)))


def _length_features(length: int) -> tuple[float, ...]:
    sizes = [1.0, math.log1p(length) / 3, float(length == 0), float(length == 1)]
    bits = [float(length >> bit & 1) for bit in range(_BITS)]
    return tuple([0.0] * (NUMERIC - len(sizes) - len(bits)) + sizes + bits)


def value_tokens(value: object, at: Ids, slots: Slots, budget: int) -> Iterator[Token]:
    """Yield at most `budget` (>= 1) tokens of a value: itself, then its parts in order.

    Strings are followed by their characters, containers by their items; what does not fit is one
    CUT token. `at` holds the kind, role, example, place and depth.
    """
    word = word_row(f"s:{value!r}") if isinstance(value, str | bytes) else 0
    ids = at._replace(type=type_row(value), word=word, slot=slots.of(value))
    yield Token(ids, numbers(value))
    parts = _parts(value)
    if not parts or budget < 2 or at.depth + 1 >= MAX_DEPTH:
        return
    inside = at._replace(depth=at.depth + 1)
    left = budget - 1
    for place, (kind, part) in enumerate(parts):
        here = inside._replace(kind=kind, place=1 + min(place, MAX_PLACES - 2))
        if left == 1 and place + 1 < len(parts):
            yield Token(here._replace(kind=Kind.CUT), _length_features(len(parts) - place))
            return
        share = max(1, left - (len(parts) - place - 1))
        made = list(_part_tokens(kind, part, here, slots, min(share, left)))
        yield from made
        left -= len(made)


def _part_tokens(kind: Kind, part: object, at: Ids, slots: Slots, budget: int) -> Iterator[Token]:
    if kind is Kind.CHARACTER and isinstance(part, str):
        yield Token(at._replace(word=_character_row(part)), _number_features(ord(part)))
    else:
        yield from value_tokens(part, at, slots, budget)


def _parts(value: object) -> list[tuple[Kind, object]]:
    if isinstance(value, str):
        return [(Kind.CHARACTER, character) for character in value]
    if isinstance(value, list | tuple):
        return [(Kind.VALUE, item) for item in value]
    if isinstance(value, set):
        # Sets have no order of their own; without one the same task would encode in two ways.
        return [(Kind.VALUE, item) for item in sorted(value, key=repr)]
    if isinstance(value, dict):
        return [pair for k, v in value.items() for pair in ((Kind.KEY, k), (Kind.VALUE, v))]
    return []
