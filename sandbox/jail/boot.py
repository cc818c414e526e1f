"""Start of a jail: namespaces, root, capabilities, filter; then the zygote's loop.

Run as `python -I -S boot.py NAME=VALUE...` by the dispatcher, which talks through the socket that
the settings name. The process that boots ends as soon as the zygote, init of the new pid namespace,
is there; the zygote becomes the dispatcher's child and dies with it.

T1 and T2 build a jail out of namespaces. T3 has none: there Landlock takes the files away, and ids
that nobody else has (where root starts it) stand between a slot and all other processes. What a
program could still do to others of its own id is barred by its filter: signals, limits, priorities,
tracing; and /proc is among the files that are gone.
"""

# pathlib would be the heaviest import of the jail.
# ruff: noqa: PTH100, PTH120, PTH123, PTH208

import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    if given["zygote"] != "python":
        # First of all, so that what is imported from here on lies where a fork is cheap.
        try:
            from sandbox.jail import _loop
        except ImportError:
            pass  # find_loop decides
        else:
            _loop.prepare()

import gc
import random
import resource
import signal

from sandbox.jail import filters, kernel, landlock, root, zygote

PRELOADED = (
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
"""What programs import most, loaded once for all of them."""
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
_ABOVE_ALL_FILES = 1 << 20


def main(settings: dict[str, str]) -> None:
    """Build the jail and serve in it until the dispatcher goes away."""
    control, tier, prefix = int(settings["control"]), settings["tier"], settings["prefix"]
    loop = zygote.find_loop(settings["zygote"])
    for name in PRELOADED:
        __import__(name)
    calls = kernel.Kernel()
    calls.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if tier == "T1":
        _isolate_as_root(calls, control, prefix)
    elif tier == "T2":
        _isolate_as_user(calls, prefix)
    elif os.geteuid() == 0:
        _step_down(calls, int(settings["first_id"]))
    pid = os.fork()
    if pid:
        os.write(control, b"P%d\n" % pid)
        os._exit(0)
    if os.read(control, 1) != b"G":  # the parent is reaped: the dispatcher, a subreaper, adopts us
        raise SystemExit(1)
    if tier != "T3":
        calls.set_host_name("jail")
    _become_zygote(calls, control, tier == "T1")
    _forget_host()
    if tier != "T3":
        _move_prefix(prefix)
    zygote.warm_up(loop)
    random.seed(0)  # the same program does the same on every slot
    gc.collect()
    gc.freeze()
    calls.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if tier == "T3":
        landlock.restrict(calls, *root.visible(prefix))
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


def _step_down(calls: kernel.Kernel, own_id: int) -> None:
    """T3: take ids that only this jail has."""
    calls.bound_capabilities(())
    try:
        os.setgroups([])
        os.setresgid(own_id, own_id, own_id)
        os.setresuid(own_id, own_id, own_id)
    except OSError as error:
        raise OSError(
            f"root can't become user {own_id} (sandbox.first_id): {error.strerror}"
        ) from error
    folder = os.path.dirname(os.__file__)
    try:
        os.listdir(folder)
    except PermissionError as error:
        raise OSError(
            f"user {own_id} can't read {folder}: name a Python that all may read in"
            " sandbox.interpreter"
        ) from error


def _become_zygote(calls: kernel.Kernel, control: int, own_ids: bool) -> None:
    """Give up all that the loop does not need."""
    keep = (kernel.CAP_KILL, kernel.CAP_SETGID, kernel.CAP_SETUID) if own_ids else ()
    calls.drop_capabilities(keep)
    calls.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    calls.prctl(kernel.PR_SET_DUMPABLE, 0)
    calls.leave_session_keyring()
    # Init ignores the signals that it has no handler for: none from inside can reach it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    null = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    os.closerange(3, control)
    os.closerange(control + 1, _ABOVE_ALL_FILES)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_STACK, _STACK_BYTES),
    ):
        resource.setrlimit(limit, (value, value))


def _move_prefix(prefix: str) -> None:
    """Point the interpreter, and the modules that it holds, at its place in the jail."""
    if prefix.startswith("/usr"):
        return

    def moved(path: str) -> str:
        return root.PYTHON + path[len(prefix) :] if path.startswith(prefix) else path

    sys.path[:] = map(moved, sys.path)
    for module in tuple(sys.modules.values()):
        if getattr(module, "__file__", None):
            module.__file__ = moved(str(module.__file__))
        if hasattr(module, "__path__"):  # where the modules of a package are looked for
            module.__path__[:] = map(moved, module.__path__)
    sys.prefix = sys.base_prefix = sys.exec_prefix = sys.base_exec_prefix = root.PYTHON


def _forget_host() -> None:
    """Forget where this code came from: its folder is the first, see the top."""
    here = sys.path[0]
    sys.path[:] = [path for path in sys.path if path != here]
    sys.argv[:] = [""]
    sys.path_importer_cache.clear()
    sys.dont_write_bytecode = True


if __name__ == "__main__":
    try:
        main(given)
    except OSError as error:
        os.write(int(given["control"]), b"E%s\n" % str(error.strerror or error).encode())
        os._exit(1)
