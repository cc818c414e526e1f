"""Which kind of group this host gives, found by using one."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sandbox.cgroups.delegation import UnusableError, check_writable, delegated, enable, step_up
from sandbox.cgroups.group import Group, V1Group, V2Group
from sandbox.cgroups.paths import OwnGroups, own_groups
from sandbox.cgroups.sweep import remove, server_name, sweep
from sandbox.errors import JailError

_NEEDED = ("memory", "pids")
_WATCH_SECONDS = 15.0


class Groups:
    """What this server has of control groups; makes the slots'."""

    def __init__(
        self, mode: str, reason: str, make: Callable[[str], Group], folders: tuple[Path, ...]
    ) -> None:
        self.mode = mode
        """"v2", "v1" or "rlimits"."""
        self.reason = reason
        """Where the groups are."""
        self.refused: dict[str, str] = {}
        """Why each better mode can't be had."""
        self._make = make
        self._folders = folders
        self._watcher = _watcher(folders) if folders else None
        try:
            for folder in folders:
                folder.mkdir()
        except OSError:
            self.close()
            raise

    def create(self, name: str) -> Group:
        """Make a group.

        Raises:
            JailError: the kernel refuses.

        """
        try:
            return self._make(name)
        except OSError as error:
            raise JailError(f"control group {name}: {error.strerror}") from error

    def close(self) -> None:
        """Remove all groups of this server, with what is in them."""
        for folder in self._folders:
            remove(folder)
            step_up(folder.parent)
        if self._watcher is not None:
            self._watcher.communicate(timeout=_WATCH_SECONDS)


def _watcher(folders: tuple[Path, ...]) -> "subprocess.Popen[bytes]":
    script = Path(__file__).with_name("sweep.py")
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(script), *map(str, folders)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )


def find() -> Groups:
    """Return the best that works here, with the folders of dead servers swept away."""
    own = own_groups(
        Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text()
    )
    refused: dict[str, str] = {}
    for attempt in (_v2, _v1):
        groups: Groups | None = None
        try:
            groups = attempt(own)
            _prove(groups)
        except (UnusableError, JailError, OSError) as error:
            refused[attempt.__name__[1:]] = str(error)
            if groups is not None:
                groups.close()
        else:
            break
    else:
        groups = Groups("rlimits", "no control groups", lambda _: Group(), ())
    groups.refused = refused
    return groups


def _prove(groups: Groups) -> None:
    """Use a group once, with a process in it."""
    group = groups.create("probe")
    try:
        group.limit(1 << 26, 16)
        with subprocess.Popen(["/bin/sleep", "60"], start_new_session=True) as process:
            try:
                group.add(process.pid)
                group.kill()
            finally:
                process.kill()
        group.oom_killed()
        group.cpu_seconds()
        group.peak_bytes()
    finally:
        group.close()


def _v1(groups: OwnGroups) -> Groups:
    own = groups.v1
    if missing := [name for name in _NEEDED if name not in own]:
        raise UnusableError(f"no controller {' and no '.join(missing)} is mounted")
    homes = {name: own[name] for name in (*_NEEDED, "cpuacct") if name in own}
    for home in homes.values():
        check_writable(home)
        sweep(home)
    folders = {name: home / server_name() for name, home in homes.items()}

    def make(name: str) -> Group:
        return V1Group({controller: folder / name for controller, folder in folders.items()})

    return Groups("v1", f"below {homes['memory']}", make, tuple(dict.fromkeys(folders.values())))


def _v2(groups: OwnGroups) -> Groups:
    own = groups.v2
    if own is None:
        raise UnusableError("not mounted, or this process's group is outside the mount")
    home = delegated(own, _NEEDED)
    sweep(home)
    folder = home / server_name()

    def make(name: str) -> Group:
        enable(folder, _NEEDED)
        return V2Group(folder / name)

    return Groups("v2", f"below {home}", make, (folder,))
