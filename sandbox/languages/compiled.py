"""Compiled programs, kept in memory by what they were made from."""

import fcntl
import os
from collections import OrderedDict

_MOST_ENTRIES = 256  # each holds a descriptor
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def memory_file() -> int:
    """Return an empty file in memory, which vanishes with its last descriptor."""
    return os.memfd_create("", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def sealed(data: bytes) -> int:
    """Return a file in memory that nobody can change."""
    descriptor = memory_file()
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    seal(descriptor)
    return descriptor


def seal(descriptor: int) -> None:
    """Make a file in memory read-only for good, whoever holds it."""
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    os.lseek(descriptor, 0, os.SEEK_SET)


class CompileCache:
    """Sealed files by key, the least recently used dropped first."""

    def __init__(self, most_bytes: int) -> None:
        """`most_bytes`: of all files together."""
        self._most = most_bytes
        self._held: OrderedDict[bytes, int] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def take(self, key: bytes) -> int | None:
        """Return a descriptor of one's own, or None."""
        held = self._held.get(key)
        if held is None:
            return None
        self._held.move_to_end(key)
        return os.dup(held)

    def put(self, key: bytes, descriptor: int) -> None:
        """Keep a sealed file; the descriptor is the cache's from now on."""
        if key in self._held:
            os.close(descriptor)
            return
        self._held[key] = descriptor
        self._bytes += os.fstat(descriptor).st_size
        while self._held and (self._bytes > self._most or len(self._held) > _MOST_ENTRIES):
            _, oldest = self._held.popitem(last=False)
            self._bytes -= os.fstat(oldest).st_size
            os.close(oldest)

    def clear(self) -> None:
        """Drop everything."""
        while self._held:
            os.close(self._held.popitem()[1])
        self._bytes = 0
