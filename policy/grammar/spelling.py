"""Automata over spelled text, so that what is spelled is always readable.

Sampling must spell identifiers that are no keywords, integers without leading zeros, floats that
`float` reads and text that is printable ASCII. Each state is a hole type that stands in the place
of the codec's `chars`: a character moves to the next state, STOP ends the text where it may end.
"""

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from keyword import kwlist
from typing import Final

# `__debug__` and `__future__` are identifiers that the compiler refuses in most places. Keywords
# are those of 3.11; later versions added none.
_FORBIDDEN: Final = (*kwlist, "__debug__", "__future__")
_MAX_DIGITS: Final = 12
_LETTERS: Final = frozenset(range(ord("a"), ord("z") + 1)) | {ord("_")}
_DIGITS: Final = frozenset(range(ord("0"), ord("9") + 1))
_CAPITALS: Final = frozenset(range(ord("A"), ord("Z") + 1))
_PRINTABLE: Final = frozenset(range(0x20, 0x7F)) | {0x0A}

Moves = Mapping[str, Mapping[int, str]]
START: Final = {
    "NAME": "name:",
    "INT": "int:0",
    "FLOAT": "float:whole0",
    "COMPLEX": "complex:0",
    "STR": "string",
    "USTR": "string",
    "BYTES": "string",
}


@cache
def moves() -> Moves:
    """State -> byte -> next state."""
    return {
        **_names(),
        **_integers(),
        **_floats(),
        **_complex(),
        "string": _all(_PRINTABLE, "string"),
    }


@cache
def final() -> frozenset[str]:
    """States at which the text may end."""
    names = {f"name:{prefix}" for prefix in _prefixes() if prefix and prefix not in _FORBIDDEN}
    integers = {"int:zero", *(f"int:{n}" for n in range(1, _MAX_DIGITS + 1))}
    floats = {"float:exponent1", "float:exponent2", *_fractions()}
    return frozenset({"name*", "string"} | names | integers | floats)


def _all(characters: frozenset[int], state: str) -> dict[int, str]:
    return dict.fromkeys(sorted(characters), state)


def _prefixes() -> list[str]:
    return sorted({word[:n] for word in _FORBIDDEN for n in range(len(word) + 1)})


def _names() -> dict[str, dict[int, str]]:
    prefixes = _prefixes()
    rows = {"name*": _all(_LETTERS | _DIGITS | _CAPITALS, "name*")}
    for prefix in prefixes:
        characters = _LETTERS | _CAPITALS | (_DIGITS if prefix else frozenset())
        rows[f"name:{prefix}"] = _all(characters, "name*")
        if prefix:
            rows[f"name:{prefix[:-1]}"][ord(prefix[-1])] = f"name:{prefix}"
    return rows


def _integers() -> dict[str, dict[int, str]]:
    rows = {"int:0": _all(_DIGITS - {ord("0")}, "int:1") | {ord("0"): "int:zero"}, "int:zero": {}}
    for n in range(1, _MAX_DIGITS):
        rows[f"int:{n}"] = _all(_DIGITS, f"int:{n + 1}")
    rows[f"int:{_MAX_DIGITS}"] = {}
    return rows


def _fractions() -> list[str]:
    return [f"float:part{n}" for n in range(1, _MAX_DIGITS + 1)]


def _floats() -> dict[str, dict[int, str]]:
    rows: dict[str, dict[int, str]] = {"float:whole0": _all(_DIGITS, "float:whole1")}
    exponent = {ord("e"): "float:exponent"}
    for n in range(1, _MAX_DIGITS + 1):
        more = _all(_DIGITS, f"float:whole{n + 1}") if n < _MAX_DIGITS else {}
        rows[f"float:whole{n}"] = {**more, ord("."): "float:part0", **exponent}
    for n in range(_MAX_DIGITS + 1):
        more = _all(_DIGITS, f"float:part{n + 1}") if n < _MAX_DIGITS else {}
        rows[f"float:part{n}"] = {**more, **(exponent if n else {})}
    rows["float:exponent"] = {
        **_all(_DIGITS, "float:exponent1"),
        **dict.fromkeys((ord("-"), ord("+")), "float:exponent0"),
    }
    rows["float:exponent0"] = _all(_DIGITS, "float:exponent1")
    rows["float:exponent1"] = _all(_DIGITS, "float:exponent2")
    rows["float:exponent2"] = {}
    return rows


def _complex() -> dict[str, dict[int, str]]:
    """Only imaginary numbers are written in a program: the real part is 0.0."""
    text = "0.0,"
    states = [f"complex:{i}" for i in range(len(text))] + ["float:whole0"]
    return {states[i]: {ord(text[i]): states[i + 1]} for i in range(len(text))}


@cache
def states() -> tuple[str, ...]:
    """All states in a fixed order, those after the first half of a byte included."""
    return tuple(sorted(transitions()))


@cache
def transitions() -> Mapping[str, Mapping[int, str]]:
    """State -> action -> next state, over the vocabulary's characters and half bytes."""
    from policy.grammar.grammar import GRAMMAR

    direct = {ord(a.row["character"]): a.id for a in GRAMMAR.actions if "character" in a.row}
    nibbles = {a.row["nibble"]: a.id for a in GRAMMAR.actions if "nibble" in a.row}
    table: dict[str, dict[int, str]] = {}
    halves: dict[tuple[tuple[int, str], ...], str] = {}
    for state, row in moves().items():
        table[state] = {direct[byte]: target for byte, target in row.items() if byte in direct}
        rest = sorted(row.keys() - direct.keys())
        for high, bytes_ in groupby(rest, lambda byte: byte >> 4):
            low = tuple((byte, row[byte]) for byte in bytes_)
            half = table[state][nibbles[high]] = halves.setdefault(low, f"half:{state}:{high:X}")
            if half not in table:
                table[half] = {nibbles[byte & 15]: target for byte, target in low}
    return table
