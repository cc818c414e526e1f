"""What operators, builtins and methods take and give, by the atoms of their values."""

from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from policy.grammar.productions import COMPARISONS, OPERATORS, words
from policy.grammar.value_types import (
    ANY,
    CALLABLE,
    HASHABLE,
    INTEGER,
    ITERABLE,
    NUMBER,
    TEXT,
    Atom,
    Type,
    union,
)

Triple = tuple[int, int, int]
"""Left operand, right operand, result."""


def _triples(operator: str) -> Iterator[Triple]:
    if operator in {"Eq", "NotEq", "Is", "IsNot"}:
        yield ANY, ANY, Atom.INT
    elif operator in {"In", "NotIn"}:
        yield ANY, ITERABLE & ~Atom.STR, Atom.INT
        yield Atom.STR, Atom.STR, Atom.INT
    elif operator in COMPARISONS:
        yield Atom.INT | Atom.FLOAT, Atom.INT | Atom.FLOAT, Atom.INT
        yield from ((one, one, Atom.INT) for one in (Atom.STR, Atom.LIST, Atom.TUPLE, Atom.SET))
    else:
        yield from _arithmetic(operator)


def _arithmetic(operator: str) -> Iterator[Triple]:
    if operator in {"LShift", "RShift", "BitOr", "BitXor", "BitAnd"}:
        yield Atom.INT, Atom.INT, Atom.INT
    elif operator != "MatMult":
        exact = Atom.FLOAT if operator == "Div" else Atom.INT
        yield Atom.INT, Atom.INT, Atom.FLOAT | exact if operator == "Pow" else exact
        yield Atom.FLOAT, Atom.INT | Atom.FLOAT, Atom.FLOAT
        yield Atom.INT | Atom.FLOAT, Atom.FLOAT, Atom.FLOAT
    if operator in {"Sub", "BitOr", "BitXor", "BitAnd"}:
        yield Atom.SET, Atom.SET, Atom.SET
    if operator == "BitOr":
        yield Atom.DICT, Atom.DICT, Atom.DICT
        yield Atom.CLASS, Atom.CLASS | Atom.NONE, Atom.OTHER
    if operator == "Mod":
        yield Atom.STR, ANY, Atom.STR
    for sequence in (Atom.STR, Atom.LIST, Atom.TUPLE):
        if operator == "Add":
            yield sequence, sequence, sequence
        if operator == "Mult":
            yield sequence, Atom.INT, sequence
            yield Atom.INT, sequence, sequence


_TRIPLES: Final = {op: tuple(_triples(op)) for op in (*OPERATORS, *COMPARISONS)}


@cache
def left(operator: str, wanted: int) -> int:
    """What may stand to the left where the result is to be one of `wanted`."""
    return union(a for a, _, found in _TRIPLES[operator] if found & wanted) | Atom.OTHER


@cache
def right(operator: str, wanted: int, beside: int = ANY) -> int:
    """What may stand to the right of one of `beside`."""
    alone = beside == Atom.OTHER
    return Atom.OTHER | union(
        b for a, b, found in _TRIPLES[operator] if alone or (found & wanted and a & beside)
    )


@cache
def like(operator: str) -> str:
    """The first operator that takes the same operands."""
    return next(one for one, triples in _TRIPLES.items() if triples == _TRIPLES[operator])


@cache
def result(operator: str) -> int:
    """What an operator may give."""
    return union(found for _, _, found in _TRIPLES[operator]) | Atom.OTHER


_ITEMS: Final = {
    "any": ANY,
    "num": NUMBER,
    "int": INTEGER,
    "text": TEXT,
    "iter": ITERABLE,
    "sized": ITERABLE & ~Atom.ITER,
    "back": ITERABLE & ~(Atom.ITER | Atom.SET),
    "call": CALLABLE,
    "filter": CALLABLE | Atom.NONE,
    "digits": NUMBER | TEXT,
    "index": INTEGER | Atom.NONE,
    "class": int(Atom.CLASS | Atom.TUPLE | Atom.OTHER),
}
_MANY: Final = 4
# A line a number of arguments: name, arguments, result. `*` stands for any number of them.
_BUILTINS: Final = """
abs num -> NUM | all iter -> INT | any iter -> INT | bin int -> STR | bool -> INT | bool any -> INT
chr int -> STR | complex * -> OTHER | dict -> DICT | dict iter -> DICT | divmod num num -> TUPLE
enumerate iter -> NUMBERED | enumerate iter int -> NUMBERED | filter filter iter -> ITER
float -> FLOAT | float digits -> FLOAT | format any -> STR | format any text -> STR
frozenset -> OTHER | frozenset iter -> OTHER | hex int -> STR | int -> INT | int digits -> INT
int text int -> INT | isinstance any class -> INT | iter any -> UNKNOWN | iter any any -> UNKNOWN
len sized -> INT | list -> LIST | list iter -> LIST | map call iter -> ITER
map call iter iter -> ITER | max iter -> UNKNOWN | max any any -> UNKNOWN
max any any any -> UNKNOWN | min iter -> UNKNOWN | min any any -> UNKNOWN
min any any any -> UNKNOWN | next any -> UNKNOWN | next any any -> UNKNOWN | oct int -> STR
ord text -> INT | pow num num -> NUM | pow num num num -> NUM | print * -> NONE
range int -> RANGE | range int int -> RANGE | range int int int -> RANGE | reversed back -> ITER
round num -> NUM | round num index -> NUM | set -> SET | set iter -> SET | slice * -> OTHER
sorted iter -> LIST | str -> STR | str any -> STR | str any any -> STR | sum iter -> UNKNOWN
sum iter any -> UNKNOWN | tuple -> TUPLE | tuple iter -> TUPLE | type any -> CLASS
type any any any -> CLASS | zip * -> ITER
"""
CLASSES: Final = frozenset(
    words("bool complex dict float frozenset int list range set slice str tuple type")
)
"""Builtins that are classes as well."""


LAZY: Final = frozenset(words("enumerate filter map reversed zip"))
"""Classes as well, of iterators."""


class Call(NamedTuple):
    """One way to call something."""

    arguments: tuple[int, ...] | None
    """Atoms of each; None where they may be any."""
    result: Type


@cache
def calls() -> dict[str, tuple[Call, ...]]:
    """The ways to call each builtin."""
    found: dict[str, tuple[Call, ...]] = {}
    for line in _BUILTINS.replace("\n", "|").split("|"):
        if not line.strip():
            continue
        head, given = line.split("->")
        name, *arguments = head.split()
        atoms = None if arguments == ["*"] else tuple(int(_ITEMS[one]) for one in arguments)
        found[name] = (*found.get(name, ()), Call(atoms, Type[given.strip()]))
    return found


def way(name: str, count: int) -> Call | None:
    """How to call a builtin with so many arguments; None where it can't be called so.

    With fewer than it needs, the last one must be a starred one: nothing else fits.
    """
    most = 0
    for one in calls()[name]:
        if one.arguments is None or len(one.arguments) == count:
            return one
        most = max(most, len(one.arguments))
    if 0 < count < most:
        return Call((*[ANY] * (count - 1), 0), calls()[name][-1].result)
    return None


class Method(NamedTuple):
    """A method: whose it is, with how many arguments, and what it gives."""

    receivers: int
    least: int
    most: int
    result: Type


_LIST, _DICT, _SET, _STR, _TUPLE = (int(Atom[name]) for name in words("LIST DICT SET STR TUPLE"))
_METHODS: Final = {
    _STR: """
        capitalize 0 0 TEXT | center 1 2 TEXT | count 1 3 UNKNOWN | endswith 1 3 INT | find 1 3 INT
        format 0 9 STR | index 1 3 INT | isalnum 0 0 INT | isalpha 0 0 INT | isdigit 0 0 INT
        islower 0 0 INT | isspace 0 0 INT | isupper 0 0 INT | join 1 1 TEXT | ljust 1 2 TEXT
        lower 0 0 TEXT | lstrip 0 1 TEXT | partition 1 1 TUPLE | replace 2 3 UNKNOWN
        rfind 1 3 INT | rindex 1 3 INT | rjust 1 2 TEXT | rstrip 0 1 TEXT | split 0 2 LIST
        splitlines 0 1 LIST | startswith 1 3 INT | strip 0 1 TEXT | swapcase 0 0 TEXT
        title 0 0 TEXT | translate 1 1 TEXT | upper 0 0 TEXT | zfill 1 1 TEXT | encode 0 2 OTHER
        """,
    _LIST: """
        append 1 1 NONE | extend 1 1 NONE | insert 2 2 NONE | reverse 0 0 NONE | sort 0 0 NONE
        count 1 1 UNKNOWN | index 1 3 INT | clear 0 0 NONE | copy 0 0 UNKNOWN | pop 0 1 UNKNOWN
        remove 1 1 NONE
        """,
    _TUPLE: "count 1 1 UNKNOWN | index 1 3 INT",
    _DICT: """
        clear 0 0 NONE | copy 0 0 UNKNOWN | pop 1 2 UNKNOWN | fromkeys 1 2 UNKNOWN
        get 1 2 UNKNOWN | items 0 0 UNKNOWN | keys 0 0 UNKNOWN | popitem 0 0 TUPLE
        setdefault 1 2 UNKNOWN | update 0 1 NONE | values 0 0 UNKNOWN
        """,
    _SET: """
        clear 0 0 NONE | copy 0 0 UNKNOWN | pop 0 0 UNKNOWN | remove 1 1 NONE | update 0 9 NONE
        add 1 1 UNKNOWN | difference 0 9 UNKNOWN | discard 1 1 NONE | intersection 0 9 UNKNOWN
        isdisjoint 1 1 INT | issubset 1 1 INT | issuperset 1 1 INT | union 0 9 UNKNOWN
        symmetric_difference 1 1 UNKNOWN
        """,
    int(Atom.INT): "bit_length 0 0 INT",
    int(Atom.FLOAT): "is_integer 0 0 INT",
}


@cache
def _methods() -> dict[str, tuple[Method, ...]]:
    found: dict[str, tuple[Method, ...]] = {}
    for atoms, text in _METHODS.items():
        for entry in filter(str.strip, text.replace("\n", "|").split("|")):
            name, least, most, given = entry.split()
            one = Method(atoms, int(least), int(most), Type[given])
            found[name] = (*found.get(name, ()), one)
    return found


def receivers(name: str, count: int | None) -> int:
    """Whose method is called with so many arguments (None: any number, or not called at all).

    A module or a bytes may have one of that name; a class takes the receiver as an argument.
    """
    found = int(Atom.OTHER)
    for one in _methods().get(name, ()):
        if count is None or one.least <= count <= one.most:
            found |= one.receivers | (Atom.INT if one.receivers == Atom.FLOAT else 0)
        if count is None or one.least < count <= one.most + 1 or name == "fromkeys":
            found |= Atom.CLASS
    return found


def given(name: str) -> Type:
    """What a method gives: unknown where that is not the same for all its receivers."""
    results = {one.result for one in _methods().get(name, ())}
    return results.pop() if len(results) == 1 else Type.UNKNOWN


_VALUES: Final = {
    **dict.fromkeys(words("pi inf"), Atom.FLOAT),
    **dict.fromkeys(words("Counter defaultdict deque OrderedDict"), Atom.CLASS),
}
_FREE: Final = frozenset(words("left right next value"))


def attribute(name: str) -> int:
    """What an attribute is that is not called: a method or a module's function, mostly."""
    return ANY if name in _FREE else int(_VALUES.get(name, Atom.FUNC))


KEYWORDS: Final = {
    "key": CALLABLE | Atom.NONE,
    "reverse": INTEGER,
    "end": TEXT | Atom.NONE,
    "sep": TEXT | Atom.NONE,
    "strict": INTEGER,
    "maxsplit": INTEGER,
}
"""What keyword arguments take."""
UNARY: Final = {"USub": NUMBER, "UAdd": NUMBER, "Invert": INTEGER, "Not": ANY}
INDEXED: Final = int(_STR | _LIST | _TUPLE | _DICT | Atom.RANGE | Atom.OTHER)
"""What may be read by `[…]`."""
STORED: Final = int(_LIST | _DICT | Atom.OTHER)
"""What may be written by `[…]`."""


def index(of: int) -> int:
    """What may stand in `[…]`; a slice counts as OTHER."""
    return HASHABLE if of & (_DICT | Atom.OTHER) else INTEGER


def indexed(wanted: int) -> int:
    """What may be read by `[…]` where it is to give one of `wanted`."""
    found = INDEXED if wanted & _STR else INDEXED & ~_STR
    return found if wanted & (Atom.INT | Atom.RANGE) else found & ~Atom.RANGE


_NUMERIC: Final = int(Atom.INT | Atom.FLOAT)
_SEQUENCES: Final = int(Atom.STR | Atom.LIST | Atom.TUPLE)
_KNOWN: Final = (
    0, ANY, NUMBER, int(Atom.OTHER), int(Atom.OTHER | Atom.CLASS), INTEGER,
    INTEGER | Atom.OTHER, TEXT, CALLABLE, HASHABLE, INDEXED, STORED,
    NUMBER | _SEQUENCES, NUMBER | _SEQUENCES | _SET, NUMBER | _SET,
    *_ITEMS.values(), *KEYWORDS.values(),
    *(one | Atom.OTHER for one in (_LIST, _TUPLE, _DICT, _SET, _LIST | _TUPLE)),
    *(one | none for none in (0, int(Atom.NONE)) for one in
      (_NUMERIC, int(Atom.INT), _STR, _LIST, _TUPLE, _DICT | Atom.OTHER, _SET | Atom.OTHER)),
)  # fmt: skip


_FEW: Final = (
    ANY, NUMBER, int(Atom.INT), TEXT, ITERABLE, CALLABLE, HASHABLE, _LIST | Atom.OTHER,
    NUMBER | _SEQUENCES,
    *(one | Atom.OTHER for one in (_TUPLE, _DICT, _SET)),
)  # fmt: skip


@cache
def widen(atoms: int, *, few: bool = False) -> int:
    """The smallest of some sets that holds the atoms: so many are told apart, or but a `few`."""
    known = _FEW if few else _KNOWN
    return min((one for one in known if one & atoms == atoms), key=lambda one: one.bit_count())
