"""What a plan hands to a slot: the program and the arguments of its calls."""

import dataclasses
import marshal
from dataclasses import dataclass

from sandbox.languages.toolchain import Unit


@dataclass(frozen=True, slots=True)
class Payload:
    """One run, without anything that it is expected to answer."""

    unit: Unit
    arguments: bytes

    def to_bytes(self) -> bytes:
        """Return the payload as a `Run` carries it, on the trusted side only."""
        return marshal.dumps((*dataclasses.astuple(self.unit), self.arguments))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Payload":
        """Return the payload that `to_bytes` wrote."""
        *unit, arguments = marshal.loads(data)  # noqa: S302 - from the trusted side
        return cls(Unit(*unit), arguments)
