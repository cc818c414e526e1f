"""The literal table of a task: constants that a program can point at instead of spelling."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tasks.schema import Example

Literal = int | float | str | bytes

_PART = re.compile(
    r"""(?<!\w)'(?P<single>[^'\n]{1,40})'(?!\w)
      | (?<!\w)"(?P<double>[^"\n]{1,40})"(?!\w)
      | (?<![\w.])(?P<number>\d{1,18}(?:\.\d{1,18})?)(?!\w)
      | (?P<word>[^\W\d_]+)""",
    re.VERBOSE,
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MAX_STRING = 40


class Part(NamedTuple):
    """A word of a description, or a constant that stands in it."""

    word: str
    literal: Literal | None


def parts(text: str) -> Iterator[Part]:
    """Split a description into lower-case words, numbers and quoted strings, in order.

    Numbers carry no sign: Python's grammar has no negative constants.
    """
    for match in _PART.finditer(text):
        if match["word"]:
            yield Part(_stem(match["word"].lower()), None)
        elif match["number"]:
            number = match["number"]
            yield Part("", float(number) if "." in number else int(number))
        else:
            yield Part("", match["single"] or match["double"])


def words(name: str) -> list[str]:
    """Split an identifier at underscores, digits and capitals into lower-case words."""
    runs = re.findall(r"[^\W\d_]+|\d+", name)
    return [_stem(word.lower()) for run in runs for word in _HUMP.split(run)]


def _stem(word: str) -> str:
    plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


def literal_key(value: object) -> tuple[type, object] | None:
    """Give what identifies a constant (type and value), or None if it can be no literal.

    A negative number is known by its absolute value.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | bytes):
        return None
    if isinstance(value, int | float):
        return (type(value), abs(value)) if value == value else None
    return (type(value), value)


def table(description: str, examples: Iterable[Example], limit: int) -> tuple[Literal, ...]:
    """Collect at most `limit` constants: the description's, then the examples' strings.

    Deduplicated by type and value; the order is that of first appearance.
    """
    found: dict[tuple[type, object], Literal] = {}
    for part in parts(description):
        if part.literal is not None:
            found.setdefault((type(part.literal), part.literal), part.literal)
    for example in examples:
        for value in (*example.args, example.expected):
            for text in _strings(value):
                found.setdefault((type(text), text), text)
    return tuple(found.values())[:limit]


def _strings(value: object, depth: int = 3) -> Iterator[str | bytes]:
    if isinstance(value, str | bytes):
        if 0 < len(value) <= _MAX_STRING:
            yield value
    elif depth and isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item, depth - 1)
    elif depth and isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(key, depth - 1)
            yield from _strings(item, depth - 1)
