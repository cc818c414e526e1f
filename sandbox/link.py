"""The link between front end and dispatcher: framed messages on a socket pair.

front end -> dispatcher   PROGRAM ticket (a serialised Program) · CANCEL ticket
dispatcher -> front end   READY (JSON) · FAILED (text) · RESULT ticket (a serialised Result)
                          RESTARTS (a number, since the start)
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

HEAD = struct.Struct("<IBQ")


class Kind(IntEnum):
    """What a frame holds."""

    PROGRAM = 1
    CANCEL = 2
    READY = 3
    FAILED = 4
    RESULT = 5
    RESTARTS = 6


def frame(kind: Kind, ticket: int = 0, body: bytes = b"") -> bytes:
    """One message."""
    return HEAD.pack(len(body), kind, ticket) + body


class Unframer:
    """Turns a stream of bytes back into messages."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, int, bytes]]:
        """Add bytes; yields each message that is complete."""
        self._data += data
        position = 0
        while len(self._data) - position >= HEAD.size:
            length, kind, ticket = HEAD.unpack_from(self._data, position)
            end = position + HEAD.size + length
            if end > len(self._data):
                break
            body = bytes(self._data[position + HEAD.size : end])
            position = end
            yield Kind(kind), ticket, body
        del self._data[:position]
