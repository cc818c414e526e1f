"""v2: whether a part of the hierarchy is ours to divide.

A group that holds processes can't hand controllers on to groups below it. Where all of its
processes are this server's, they step down into a leaf, as systemd's documentation of `Delegate=`
asks; the last server to end steps up again. Also loaded by the watcher: standard library only.
"""

import errno
import os
from pathlib import Path

from sandbox.cgroups.files import move, processes, write

LEAF = "treewright-server"


class UnusableError(Exception):
    """A kind of control group that can't be used here; the message says why."""


def delegated(own: Path, controllers: tuple[str, ...]) -> Path:
    """Return the folder below which groups with these controllers can be made.

    Raises:
        UnusableError: says what is missing.

    """
    home = own.parent if own.name == LEAF else own
    offered = (home / "cgroup.controllers").read_text().split()
    if missing := [name for name in controllers if name not in offered]:
        raise UnusableError(f"no controller {' and no '.join(missing)} in {home}")
    check_writable(home)
    if set(controllers) <= set((home / "cgroup.subtree_control").read_text().split()):
        return home
    try:
        enable(home, controllers)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        _step_down(home)
        enable(home, controllers)
    return home


def check_writable(home: Path) -> None:
    """Raise UnusableError where no group can be made."""
    if not os.access(home, os.W_OK):
        raise UnusableError(f"{home} can't be written: it is not delegated to this user")


def enable(folder: Path, controllers: tuple[str, ...]) -> None:
    """Hand controllers on to the groups below."""
    write(folder / "cgroup.subtree_control", " ".join(f"+{name}" for name in controllers))


def _step_down(home: Path) -> None:
    ours = {os.getpid(), os.getppid(), 1}  # 1: the container's own init
    if strangers := set(processes(home)) - ours:
        raise UnusableError(
            f"{home} holds {len(strangers)} processes besides the server's: give the server a group"
            " of its own (systemd: Delegate=yes)"
        )
    (home / LEAF).mkdir(exist_ok=True)
    _move_all(home, home / LEAF)


def step_up(home: Path) -> None:
    """Undo the step down, once no server has groups here any more."""
    leaf = home / LEAF
    if not leaf.exists() or any(home.glob("treewright-*-*-*")):
        return
    handed_on = (home / "cgroup.subtree_control").read_text().split()
    write(home / "cgroup.subtree_control", " ".join(f"-{name}" for name in handed_on))
    _move_all(leaf, home)
    leaf.rmdir()


def _move_all(source: Path, target: Path) -> None:
    for pid in processes(source):
        move(target, pid)
