"""An edit as people read it: a unified diff, or a block to search for and replace.

Both are between two source texts. A search/replace block is

    <<<<<<< SEARCH
    what stands in the old text
    =======
    what stands there in the new one
    >>>>>>> REPLACE

in whole lines, as editors and assistants exchange it. It holds as many lines around the change as
make its search text occur once, so applying it needs no line numbers.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

_MARKER = 7
"""Least length of a marker; it grows where the text holds one, as Git's does."""


def unified_diff(old: str, new: str, *, context: int = 3) -> str:
    """Write the change with `context` lines around it; empty where there is none."""
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), "before", "after", n=context, lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class SearchReplace:
    """Lines that stand once in a text, and those to put in their place."""

    search: tuple[str, ...]
    replace: tuple[str, ...]

    @classmethod
    def between(cls, old: str, new: str) -> Self | None:
        """Find the shortest block that makes `new` of `old`; None where they are the same."""
        if old == new:
            return None
        before, after = old.split("\n"), new.split("\n")
        begin = _common(before, after)
        end = len(before) - _common(before[begin:][::-1], after[begin:][::-1])
        tail = len(before) - end
        while begin == end or _count(before, before[begin:end]) > 1:
            # The line before tells people more of where they are.
            begin, end = (begin - 1, end) if begin else (begin, end + 1)
        kept = min(tail, len(before) - end)
        return cls(tuple(before[begin:end]), tuple(after[begin : len(after) - kept]))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` writes. Raises ValueError for anything else."""
        lines = text.rstrip("\n").split("\n")
        size = len(lines[0]) - len(lines[0].lstrip("<"))
        opening, between, closing = _markers(size)
        if size < _MARKER or lines[0] != opening or lines[-1] != closing or between not in lines:
            raise ValueError(
                f"not a search/replace block: it must begin with {_markers(_MARKER)[0]!r}, be "
                f"divided by {_markers(_MARKER)[1]!r} and end with {_markers(_MARKER)[2]!r}"
            )
        middle = lines.index(between)
        return cls(tuple(lines[1:middle]), tuple(lines[middle + 1 : -1]))

    def __str__(self) -> str:
        """Write the block, a line end after it."""
        held = {*self.search, *self.replace}
        size = _MARKER
        while "=" * size in held:
            size += 1
        opening, between, closing = _markers(size)
        return "\n".join((opening, *self.search, between, *self.replace, closing, ""))

    def apply(self, text: str) -> str:
        """Replace what the block searches for. Raises ValueError where it does not stand once."""
        lines = text.split("\n")
        found = _count(lines, self.search)
        if found != 1:
            raise ValueError(f"the search text stands {found} times in the text, not once")
        at = next(at for at in range(len(lines)) if _stands(lines, self.search, at))
        return "\n".join((*lines[:at], *self.replace, *lines[at + len(self.search) :]))


def _markers(size: int) -> tuple[str, str, str]:
    return "<" * size + " SEARCH", "=" * size, ">" * size + " REPLACE"


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Count the lines with which both begin."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _stands(lines: Sequence[str], searched: Sequence[str], at: int) -> bool:
    return tuple(lines[at : at + len(searched)]) == tuple(searched)


def _count(lines: Sequence[str], searched: Sequence[str]) -> int:
    return sum(_stands(lines, searched, at) for at in range(len(lines) - len(searched) + 1))
