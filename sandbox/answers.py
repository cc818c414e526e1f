"""Answers kept for a while, so that a batch sent again after a broken stream is not run twice."""

import time
from collections import OrderedDict

MOST_ANSWERS = 256
MOST_BYTES = 16 * 2**20
MOST_SECONDS = 60.0

Key = tuple[str, int]
"""A client's name and the number of its batch."""


class Answers:
    """The last answers: at most 256, 16 MiB together, none older than 60 seconds."""

    def __init__(self) -> None:
        self._held: OrderedDict[Key, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def keep(self, key: Key, answer: bytes) -> None:
        """Keep an answer, and drop the oldest ones that there is no room for any more."""
        now = time.monotonic()
        if key in self._held:
            self._drop(key)
        self._held[key] = (now, answer)
        self._bytes += len(answer)
        while self._held:
            oldest = next(iter(self._held))
            late = self._held[oldest][0] + MOST_SECONDS < now
            if not late and len(self._held) <= MOST_ANSWERS and self._bytes <= MOST_BYTES:
                return
            self._drop(oldest)

    def _drop(self, key: Key) -> None:
        self._bytes -= len(self._held.pop(key)[1])

    def find(self, key: Key) -> bytes | None:
        """Return the answer that was given to a batch; None: it is not known (any more)."""
        held = self._held.get(key)
        if held is None or held[0] + MOST_SECONDS < time.monotonic():
            return None
        return held[1]
