"""Reading and writing the files of a group. Also loaded by the watcher: standard library only."""

import contextlib
import os
from pathlib import Path


def write(file: Path, value: int | str) -> None:
    """Write a file in one call, and without creating it."""
    descriptor = os.open(file, os.O_WRONLY)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)


def field(file: Path, name: str) -> int:
    """Return the number behind a name; 0 where it is not there."""
    for line in file.read_text().splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def move(folder: Path, pid: int) -> None:
    """Move a process into a group; a dead one is passed over."""
    with contextlib.suppress(ProcessLookupError):
        write(folder / "cgroup.procs", pid)


def processes(folder: Path) -> list[int]:
    """Return the processes of one group; none where it is gone. 0: one of another pid namespace."""
    try:
        return [int(line) for line in (folder / "cgroup.procs").read_text().split()]
    except OSError:
        return []
