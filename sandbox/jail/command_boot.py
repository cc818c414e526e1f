"""Start of a jail for programs that are exec'd: as boot.py, but what serves can make inner jails.

Run as `python -I -S command_boot.py SETTINGS` by the dispatcher. The keeper that serves is PID 1 of
its own namespaces and runs no untrusted code itself; each program gets fresh namespaces below.
"""

# pathlib would be the heaviest import of the jail.
# ruff: noqa: PTH100, PTH102, PTH103, PTH120, PTH211

import gc
import json
import os
import resource
import signal
import socket
import sys
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from sandbox.jail import command, kernel, root

_DEVICES = ("null", "urandom")  # zero would be memory that no limit counts
_WARM_BYTES = 512 * 2**20


def main(settings: dict[str, Any]) -> None:
    """Build the jail and serve in it until the dispatcher goes away."""
    control, own_ids = int(settings["control"]), settings["tier"] == "T1"
    calls = kernel.Kernel()
    calls.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def furnish(stage: str) -> None:
        _furnish(calls, stage, settings["shown"], settings["compiler"])

    if own_ids:
        calls.unshare(kernel.CLONE_NEWNS)
        root.enter(calls, "/usr", _DEVICES, furnish)
        calls.unshare(command.NAMESPACES)
        os.write(control, b"U\n")  # ask the dispatcher for the id maps
        if os.read(control, 1) != b"M":
            raise SystemExit(1)
        os.setresgid(0, 0, 0)
        os.setgroups([])
        os.setresuid(0, 0, 0)
    else:
        user, group = os.getuid(), os.getgid()
        calls.unshare(command.NAMESPACES)
        command.map_ids(proc, user, group)
        root.enter(calls, "/usr", _DEVICES, furnish)
    pid = os.fork()
    if pid:
        os.write(control, b"P%d\n" % pid)
        os._exit(0)
    if os.read(control, 1) != b"G":  # the parent is reaped: the dispatcher, a subreaper, adopts us
        raise SystemExit(1)
    _become_keeper(calls, own_ids)
    command.Keeper(socket.socket(fileno=control), calls, proc, own_ids=own_ids).serve()


def _furnish(calls: kernel.Kernel, stage: str, shown: list[str], compiler: str) -> None:
    """Add to the root what compilers need."""
    for name in (command.WORK, command.WARM):
        os.mkdir(stage + name)
    for path in shown:
        os.makedirs(os.path.dirname(stage + path), exist_ok=True)
        root.bind(calls, path, stage + path)
    # Some compilers find their own files through it; the jail has no /proc.
    os.makedirs(stage + "/proc/self")
    os.symlink(compiler, stage + "/proc/self/exe")


def _become_keeper(calls: kernel.Kernel, own_ids: bool) -> None:
    """Give up all that serving does not need."""
    calls.set_host_name("jail")
    ids = "uid=1,gid=1,"
    calls.mount(
        "tmpfs",
        command.WARM,
        "tmpfs",
        kernel.MS_NOSUID | kernel.MS_NODEV,
        f"{ids}mode=755,nr_inodes=64,size={_WARM_BYTES}",
    )
    calls.drop_capabilities(
        (kernel.CAP_KILL, kernel.CAP_SETGID, kernel.CAP_SETUID) if own_ids else ()
    )
    calls.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    calls.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    # Init ignores the signals that it has no handler for: none from inside can reach it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        resource.setrlimit(limit, (0, 0))
    gc.collect()
    gc.freeze()
    gc.disable()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    try:
        main(given)
    except OSError as error:
        os.write(given["control"], b"E%s\n" % str(error.strerror or error).encode())
        os._exit(1)
