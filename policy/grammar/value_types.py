"""The types of values, as far as a program's text tells them before it runs.

A type is the set of `Atom`s that its values may be of, so that two types fit where their sets meet;
`UNKNOWN` meets everything. An int includes the bools; where a float will do, so will an int.
"""

from collections.abc import Iterable
from enum import IntEnum, IntFlag, auto
from functools import lru_cache
from typing import Final

from tasks.typelang import ValueType, parse


class Atom(IntFlag):
    """What a value is."""

    INT = auto()
    FLOAT = auto()
    STR = auto()
    NONE = auto()
    LIST = auto()
    TUPLE = auto()
    DICT = auto()
    SET = auto()
    RANGE = auto()
    ITER = auto()
    """An iterator: of zip, map, enumerate, a generator expression."""
    FUNC = auto()
    CLASS = auto()
    OTHER = auto()
    """All else, such as bytes, complex numbers, modules, deques, exceptions."""


ANY: Final = (1 << len(Atom)) - 1
NUMBER: Final = int(Atom.INT | Atom.FLOAT | Atom.OTHER)
INTEGER: Final = int(Atom.INT)
TEXT: Final = int(Atom.STR | Atom.OTHER)
ITERABLE: Final = int(
    Atom.STR | Atom.LIST | Atom.TUPLE | Atom.DICT | Atom.SET | Atom.RANGE | Atom.ITER | Atom.OTHER
)
CALLABLE: Final = int(Atom.FUNC | Atom.CLASS | Atom.OTHER)
HASHABLE: Final = ANY & ~int(Atom.LIST | Atom.DICT | Atom.SET)


class Type(IntEnum):
    """The types that a name may have."""

    UNKNOWN = 0
    UNBOUND = 1
    """Of a name that nothing was stored in yet."""
    INT = 2
    FLOAT = 3
    NUM = 4
    """An int or a float."""
    STR = 5
    TEXT = 6
    """A str, or bytes."""
    NONE = 7
    LIST = 8
    INTS = 9
    """A list of ints."""
    NUMS = 10
    STRS = 11
    LISTS = 12
    TUPLE = 13
    DICT = 14
    COUNTED = 15
    """A dict, or a Counter, which has operators of its own."""
    SET = 16
    RANGE = 17
    ITER = 18
    NUMBERED = 19
    """What `enumerate` gives."""
    PAIR = 20
    """An element of it."""
    FUNC = 21
    CLASS = 22
    OTHER = 23


_ATOMS: Final = {
    Type.UNKNOWN: ANY,
    Type.UNBOUND: 0,
    Type.NUM: Atom.INT | Atom.FLOAT,
    Type.TEXT: TEXT,
    **dict.fromkeys((Type.INTS, Type.NUMS, Type.STRS, Type.LISTS), Atom.LIST),
    Type.COUNTED: Atom.DICT | Atom.OTHER,
    Type.NUMBERED: Atom.ITER,
    Type.PAIR: Atom.TUPLE,
}
ATOMS: Final = tuple(int(_ATOMS[one] if one in _ATOMS else Atom[one.name]) for one in Type)
"""What values of a type may be."""
_ELEMENTS: Final = {
    Type.STR: Type.STR,
    Type.INTS: Type.INT,
    Type.RANGE: Type.INT,
    Type.NUMS: Type.NUM,
    Type.STRS: Type.STR,
    Type.LISTS: Type.LIST,
    Type.NUMBERED: Type.PAIR,
}
_LISTS: Final = frozenset({Type.LIST, Type.INTS, Type.NUMS, Type.STRS, Type.LISTS})
_NUMBERS: Final = frozenset({Type.INT, Type.FLOAT, Type.NUM})


def element(of: Type) -> Type:
    """What iterating over a value gives."""
    return _ELEMENTS.get(of, Type.UNKNOWN)


def item(of: Type, index: int) -> Type:
    """What unpacking a value gives at one place."""
    if of is Type.PAIR:
        return Type.UNKNOWN if index else Type.INT
    return element(of)


def join(kept: Type, stored: Type) -> Type:
    """The type of a name that held one and is now stored another.

    None alone tells nothing: it stands where a loop's later turns find something else.
    """
    if Type.NONE in {kept, stored}:
        return Type.UNKNOWN
    if kept in {Type.UNBOUND, stored}:
        return stored
    for alike, found in ((_NUMBERS, Type.NUM), (_LISTS, Type.LIST)):
        if {kept, stored} <= alike:
            return found
    return Type.UNKNOWN


def of_atoms(atoms: int) -> Type:
    """The one type of just those atoms, else unknown."""
    for one in Type:
        if ATOMS[one] == atoms:
            return one
    return Type.UNKNOWN


@lru_cache(maxsize=4096)
def of_parameter(text: str) -> Type:
    """The type that a signature's text says an argument has."""
    return _of_value(_parsed(text))


def _parsed(text: str) -> ValueType:
    try:
        return parse(text)
    except ValueError:
        return ValueType("Any")


_SCALARS: Final = {
    "int": Type.INT, "bool": Type.INT, "float": Type.NUM, "str": Type.STR, "bytes": Type.OTHER,
    "tuple": Type.TUPLE, "dict": Type.COUNTED, "set": Type.SET,
}  # fmt: skip


def _of_value(found: ValueType) -> Type:
    if found.name == "list":
        inner = _of_value(found.args[0])
        lists = {Type.INT: Type.INTS, Type.NUM: Type.NUMS, Type.STR: Type.STRS}
        return Type.LISTS if inner in _LISTS else lists.get(inner, Type.LIST)
    return _SCALARS.get(found.name, Type.UNKNOWN)


@lru_cache(maxsize=4096)
def of_result(text: str) -> int:
    """The atoms that a signature's text lets a function return.

    Tests compare by value: a float may stand for an int, and what equals a set or a dict for it.
    """
    return _returned(_parsed(text))


_RETURNED: Final = {
    "int": Atom.INT | Atom.FLOAT,
    "bool": Atom.INT,
    "float": Atom.INT | Atom.FLOAT,
    "str": Atom.STR,
    "None": Atom.NONE,
    "list": Atom.LIST,
    "tuple": Atom.TUPLE,
    "dict": Atom.DICT | Atom.OTHER,
    "set": Atom.SET | Atom.OTHER,
}


def _returned(found: ValueType) -> int:
    if found.name == "optional":
        return _returned(found.args[0]) | Atom.NONE
    return int(_RETURNED.get(found.name, ANY))


def union(atoms: Iterable[int]) -> int:
    """All atoms of several sets."""
    found = 0
    for one in atoms:
        found |= one
    return found
