"""One group, of each kind."""

# The methods of both kinds are documented where Group declares them.
# ruff: noqa: D102

from pathlib import Path

from sandbox.cgroups.files import field, move, write
from sandbox.cgroups.sweep import kill_all, remove


class Group:
    """One slot's group. As it stands: the group of a host without any, where rlimits alone hold.

    Figures count from the last `limit` (or the making of the group).
    """

    def add(self, pid: int) -> None:
        """Move a process in, with all that it forks from now on. A dead one is passed over."""

    def limit(self, memory_bytes: int, pids: int) -> None:
        """Set the most memory (page cache and tmpfs included) and tasks (threads included)."""

    def cpu_seconds(self) -> float | None:
        """User and system time of all in the group; None: not known."""
        return None

    def oom_killed(self) -> bool:
        """Whether the kernel killed something in the group for want of memory."""
        return False

    def peak_bytes(self) -> int | None:
        """Most memory in use at a time, page cache included; None: not known."""
        return None

    def kill(self) -> None:
        """Kill all in the group and wait until it is empty; without groups nothing happens.

        From then on nothing in it can fork until the next `limit`.
        """

    def close(self) -> None:
        """Kill what is in it and remove the group."""


class V1Group(Group):
    """A group in several hierarchies; `folders` by controller, not made yet."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders
        for folder in folders.values():
            folder.mkdir()
        self._memory, self._pids = folders["memory"], folders["pids"]
        self._start()

    def _start(self) -> None:
        write(self._memory / "memory.max_usage_in_bytes", 0)
        self._ooms, self._cpu = self._count_ooms(), self._count_cpu()

    def _count_ooms(self) -> int:
        return field(self._memory / "memory.oom_control", "oom_kill")

    def _count_cpu(self) -> int:
        folder = self._folders.get("cpuacct")
        return int((folder / "cpuacct.usage").read_text()) if folder else 0

    def add(self, pid: int) -> None:
        for folder in self._folders.values():
            move(folder, pid)

    def limit(self, memory_bytes: int, pids: int) -> None:
        files = [
            self._memory / "memory.limit_in_bytes",
            self._memory / "memory.memsw.limit_in_bytes",
        ]
        if int(files[0].read_text()) < memory_bytes:
            files.reverse()  # memory's limit may at no time lie above that of memory and swap
        for file in files:
            if file.exists():  # no swap accounting: no such file
                write(file, memory_bytes)
        write(self._pids / "pids.max", pids)
        self._start()

    def cpu_seconds(self) -> float | None:
        return (self._count_cpu() - self._cpu) / 1e9 if "cpuacct" in self._folders else None

    def oom_killed(self) -> bool:
        return self._count_ooms() > self._ooms

    def peak_bytes(self) -> int | None:
        return int((self._memory / "memory.max_usage_in_bytes").read_text())

    def kill(self) -> None:
        kill_all(self._pids)

    def close(self) -> None:
        # The pids group first: it alone makes sure that nothing forks on.
        for folder in (self._pids, *self._folders.values()):
            remove(folder)


class V2Group(Group):
    """A group in the one hierarchy; `folder` is not made yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._start()

    def _start(self) -> None:
        self._ooms, self._cpu = self._count_ooms(), self._count_cpu()

    def _count_ooms(self) -> int:
        return field(self._folder / "memory.events", "oom_kill")

    def _count_cpu(self) -> int:
        return field(self._folder / "cpu.stat", "usage_usec")

    def add(self, pid: int) -> None:
        move(self._folder, pid)

    def limit(self, memory_bytes: int, pids: int) -> None:
        write(self._folder / "memory.max", memory_bytes)
        if (self._folder / "memory.swap.max").exists():
            write(self._folder / "memory.swap.max", 0)
        write(self._folder / "pids.max", pids)
        self._start()

    def cpu_seconds(self) -> float | None:
        return (self._count_cpu() - self._cpu) / 1e6

    def oom_killed(self) -> bool:
        return self._count_ooms() > self._ooms

    def peak_bytes(self) -> int | None:
        """Since the group was made: v2's figure can't be set back for other readers."""
        file = self._folder / "memory.peak"
        return int(file.read_text()) if file.exists() else None  # Linux 5.19

    def kill(self) -> None:
        kill_all(self._folder)

    def close(self) -> None:
        remove(self._folder)
