"""Removal of control groups: those of servers that are gone, and ours when this server dies.

Run as `python -I -S sweep.py FOLDER…` it is the watcher: it waits for the end of its
standard input, which comes with the end of the server however that ended, and removes the folders.
"""

import contextlib
import os
import re
import signal
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sandbox.cgroups.delegation import step_up
from sandbox.cgroups.files import processes, write

PREFIX = "treewright-"
_NAME = re.compile(PREFIX + r"(?P<namespace>\d+)-(?P<pid>\d+)-(?P<started>\d+)")
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.001


def server_name() -> str:
    """Return a folder name that tells which process it belongs to, also after that one's death."""
    return f"{PREFIX}{_pid_namespace()}-{os.getpid()}-{_started(os.getpid())}"


def _pid_namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def _started(pid: int) -> int | None:
    """When a process started, in clock ticks since the boot; None: there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(b")")[2].split()[19])


def sweep(home: Path) -> None:
    """Remove what dead servers left in a folder. Another pid namespace's are not ours to judge."""
    for folder in home.glob(PREFIX + "*-*-*"):
        match = _NAME.fullmatch(folder.name)
        if match is None or int(match["namespace"]) != _pid_namespace():
            continue
        if _started(int(match["pid"])) != int(match["started"]):
            remove(folder)


def kill_all(folder: Path) -> None:
    """Kill every process of one group and wait until none lives in it, at most a few seconds."""
    with contextlib.suppress(OSError):  # v1's way: nobody can fork any more
        write(folder / "pids.max", 0)
    with contextlib.suppress(OSError):  # v2's way
        write(folder / "cgroup.kill", 1)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (pids := processes(folder)) and time.monotonic() < deadline:
        for pid in pids:
            if pid:  # 0: a process that this pid namespace does not show
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_SECONDS)


def remove(folder: Path) -> None:
    """Kill all in a group and its groups and remove them. One that stays busy is left."""
    for inner in [path for path in folder.glob("*") if path.is_dir()]:
        remove(inner)
    kill_all(folder)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:  # the last processes are on their way out
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def main() -> None:
    """Wait for the server's end, then remove its groups."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    for folder in map(Path, sys.argv[1:]):
        remove(folder)
        step_up(folder.parent)


if __name__ == "__main__":
    main()
