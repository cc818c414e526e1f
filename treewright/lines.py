"""Lines of a file, a pipe or a terminal as they come: those that can be read without waiting."""

import os
import select
from collections.abc import Callable
from typing import NamedTuple

_CHUNK_BYTES = 2**16
_LOOK_SECONDS = 0.5


class Line(NamedTuple):
    """A line without its end; `number` counts from 1, blank lines included."""

    number: int
    text: bytes


class Lines:
    """Reads what is there, and waits only where nothing is."""

    def __init__(self, descriptor: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        """`descriptor`: open to be read, by nobody else.

        `meanwhile` is called twice a second while nothing comes; what it raises ends the wait.
        """
        self._descriptor, self._meanwhile = descriptor, meanwhile
        self._number = 0
        self._whole: list[Line] = []
        self._begun = bytearray()
        """The line whose end has not come yet."""
        self._ended = False

    def take(self, most: int) -> list[Line]:
        """Wait for a line that is not blank; return it with those at hand, `most` in all.

        Empty at the end. A last line needs no end of line.
        """
        while not self._whole and not self._ended:
            while not self._readable(_LOOK_SECONDS):
                self._meanwhile()
            self._read()
        while len(self._whole) < most and not self._ended and self._readable(0):
            self._read()
        taken, self._whole = self._whole[:most], self._whole[most:]
        return taken

    def _readable(self, seconds: float) -> bool:
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def _read(self) -> None:
        chunk = os.read(self._descriptor, _CHUNK_BYTES)
        if not chunk:
            self._ended = True
            self._add(bytes(self._begun))
            return
        first, *others = chunk.split(b"\n")
        self._begun += first
        for text in others:
            self._add(bytes(self._begun))
            self._begun = bytearray(text)

    def _add(self, text: bytes) -> None:
        self._number += 1
        if text.strip():
            self._whole.append(Line(self._number, text))
