"""The link between front end and dispatcher: framed messages on a socket pair.

front end -> dispatcher   BATCH ticket (an OpaqueStreamRequest) · CANCEL ticket
                          RESIZE ticket (JSON) · STATISTICS ticket
dispatcher -> front end   READY (JSON) · FAILED (text) · ANSWER ticket (an OpaqueStreamResponse)
                          RESIZED ticket (JSON) · STATISTICS ticket (JSON)
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

HEAD = struct.Struct("<IBQ")
MOST_BYTES = 2**30
"""Longest body of a message; a batch is at most gRPC's longest message."""


class LinkError(RuntimeError):
    """Bytes on the link that are no message: a defect of one of its two ends."""


class Kind(IntEnum):
    """What a frame holds."""

    BATCH = 1
    CANCEL = 2
    RESIZE = 3
    STATISTICS = 4
    READY = 5
    FAILED = 6
    ANSWER = 7
    RESIZED = 8


_KINDS = {int(kind): kind for kind in Kind}


def frame(kind: Kind, ticket: int = 0, body: bytes = b"") -> bytes:
    """One message."""
    return HEAD.pack(len(body), kind, ticket) + body


class Unframer:
    """Turns a stream of bytes back into messages."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, int, bytes]]:
        """Add bytes; yields each message that is complete.

        Raises:
            LinkError: no message starts so.

        """
        self._data += data
        position = 0
        while len(self._data) - position >= HEAD.size:
            length, kind, ticket = HEAD.unpack_from(self._data, position)
            if kind not in _KINDS or length > MOST_BYTES:
                raise LinkError(f"no message on the link is of kind {kind} with {length} bytes")
            end = position + HEAD.size + length
            if end > len(self._data):
                break
            body = bytes(self._data[position + HEAD.size : end])
            position = end
            yield _KINDS[kind], ticket, body
        del self._data[:position]
