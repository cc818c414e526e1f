"""Start of a jail: namespaces, root, capabilities, filter; then the zygote's loop.

Run as `python -I -S boot.py SETTINGS` by the dispatcher, which talks through the socket that the
settings name. The process that boots ends as soon as the zygote, init of the new pid namespace,
is there; the zygote becomes the dispatcher's child and dies with it.
"""

# pathlib would be the heaviest import of the jail.
# ruff: noqa: PTH100, PTH120, PTH123

import gc
import json
import os
import random
import resource
import signal
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from sandbox.jail import filters, kernel, root, zygote

_PRELOADED = (
    "bisect",
    "collections",
    "copy",
    "functools",
    "heapq",
    "itertools",
    "math",
    "operator",
    "random",
    "re",
    "string",
    "typing",
)
_NAMESPACES = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)
_STACK_BYTES = 8 * 2**20
_OPEN_FILES = 64


def main(settings: dict[str, object]) -> None:
    """Build the jail and serve in it until the dispatcher goes away."""
    control, tier, prefix = int(str(settings["control"])), settings["tier"], str(settings["prefix"])
    for name in _PRELOADED:
        __import__(name)
    loop = zygote.find_loop(str(settings["zygote"]))  # while the host's files are there
    calls = kernel.Kernel()
    calls.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if tier == "T1":
        _isolate_as_root(calls, control, prefix)
    else:
        _isolate_as_user(calls, prefix)
    pid = os.fork()
    if pid:
        os.write(control, b"P%d\n" % pid)
        os._exit(0)
    if os.read(control, 1) != b"G":  # the parent is reaped: the dispatcher, a subreaper, adopts us
        raise SystemExit(1)
    _become_zygote(calls, tier == "T1")
    _forget_host(prefix)
    zygote.warm_up(loop)
    random.seed(0)  # the same program does the same on every slot
    gc.collect()
    gc.freeze()
    calls.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    seal = calls.prepared_filter(filters.zygote_filter()).install
    zygote.serve(loop, control, filters.program_filter(), tier == "T1", seal)


def _isolate_as_root(calls: kernel.Kernel, control: int, prefix: str) -> None:
    """T1: root builds the file system, then steps down to ids that only this jail has."""
    calls.unshare(kernel.CLONE_NEWNS)
    root.enter(calls, prefix)
    calls.unshare(_NAMESPACES)
    os.write(control, b"U\n")  # ask the dispatcher for the id maps
    if os.read(control, 1) != b"M":
        raise SystemExit(1)
    os.setresgid(0, 0, 0)
    os.setgroups([])
    os.setresuid(0, 0, 0)


def _isolate_as_user(calls: kernel.Kernel, prefix: str) -> None:
    """T2: one id, the server's own, is all that may be mapped."""
    user, group = os.getuid(), os.getgid()
    calls.unshare(_NAMESPACES)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"1 {user} 1"),
        ("gid_map", f"1 {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    root.enter(calls, prefix)


def _become_zygote(calls: kernel.Kernel, own_ids: bool) -> None:
    """Give up all that the loop does not need."""
    calls.set_host_name("jail")
    keep = (kernel.CAP_KILL, kernel.CAP_SETGID, kernel.CAP_SETUID) if own_ids else ()
    calls.drop_capabilities(keep)
    calls.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    # Init ignores the signals that it has no handler for: none from inside can reach it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_STACK, _STACK_BYTES),
    ):
        resource.setrlimit(limit, (value, value))


def _forget_host(prefix: str) -> None:
    """Point the interpreter, and the modules that it holds, at the jail's paths."""
    here = sys.path.pop(0)
    outside = not prefix.startswith("/usr")

    def moved(path: str) -> str:
        return root.PYTHON + path[len(prefix) :] if outside and path.startswith(prefix) else path

    sys.path[:] = [moved(path) for path in sys.path if path != here]
    for module in tuple(sys.modules.values()):
        if getattr(module, "__file__", None):
            module.__file__ = moved(str(module.__file__))
        if hasattr(module, "__path__"):  # where the modules of a package are looked for
            module.__path__[:] = [moved(path) for path in module.__path__]
    if outside:
        sys.prefix = sys.base_prefix = sys.exec_prefix = sys.base_exec_prefix = root.PYTHON
    sys.argv[:] = [""]
    sys.path_importer_cache.clear()
    sys.dont_write_bytecode = True


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    try:
        main(given)
    except OSError as error:
        os.write(given["control"], b"E%s\n" % str(error.strerror or error).encode())
        os._exit(1)
