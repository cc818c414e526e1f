"""The kernel's means of isolation, each found by using it in a process of its own."""

import ctypes
import mmap
import os
import select
import signal
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from sandbox.jail import filters, kernel, landlock
from sandbox.jail.kernel import Kernel
from sandbox.types import Primitive

_PATIENCE_SECONDS = 5.0
_MOST_BYTES = 1 << 12
_CLONE_NEWTIME = 0x80
_CLONE_PIDFD = 0x1000
_CLONE_NUMBERS = {"x86_64": 56, "aarch64": 220}
_MADV_WIPEONFORK = 18
_TSYNC = 1

_IN_A_CONTAINER = "in a container: security_opt seccomp=deploy/seccomp/sandbox.json"
_USER_NAMESPACES = (
    "sysctl user.max_user_namespaces=10000; Debian: kernel.unprivileged_userns_clone=1; Ubuntu:"
    f" kernel.apparmor_restrict_unprivileged_userns=0; {_IN_A_CONTAINER} and apparmor=unconfined"
)
_LANDLOCK = "a kernel from 5.13 with landlock in the boot parameter lsm= (CONFIG_SECURITY_LANDLOCK)"


def examine() -> tuple[Primitive, ...]:
    """Try each; takes about a tenth of a second. Call it from a process with one thread."""
    return tuple(_examined(name, attempt, enable) for name, attempt, enable in _ATTEMPTS)


def _examined(name: str, attempt: Callable[[], str], enable: str) -> Primitive:
    available, reason = in_child(attempt)
    return Primitive(name, available, reason, "" if available else enable)


def in_child(attempt: Callable[[], str]) -> tuple[bool, str]:
    """Run it in a forked process; True and what it returned, or False and why it failed."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _attempt(attempt, write)
    os.close(write)
    ready, _, _ = select.select([read], [], [], _PATIENCE_SECONDS)
    answer = os.read(read, _MOST_BYTES).decode(errors="replace") if ready else "-no answer"
    os.close(read)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if not answer:
        return False, f"its process ended with wait status {status}"
    return answer[0] == "+", answer[1:]


def _attempt(attempt: Callable[[], str], write: int) -> None:
    try:
        text = "+" + attempt()
    except OSError as error:
        text = "-" + (error.strerror or str(error))
    except Exception as error:  # noqa: BLE001 - a defect of ours must not look like a success
        text = f"-{type(error).__name__}: {error}"
    try:
        os.write(write, text.encode()[:_MOST_BYTES])
    finally:
        os._exit(0)


def _unshared(flag: int) -> Callable[[], str]:
    """Try one kind of namespace: within a user namespace, or (root) without."""

    def attempt() -> str:
        calls = Kernel()
        try:
            calls.unshare(kernel.CLONE_NEWUSER | flag)
        except OSError:
            if flag == kernel.CLONE_NEWUSER or os.geteuid() != 0:
                raise
            calls.unshare(flag)
            return "without a user namespace"
        return ""

    return attempt


def _pid_namespace() -> str:
    found = _unshared(kernel.CLONE_NEWPID)()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if os.getpid() == 1 else 1)
    if os.waitpid(pid, 0)[1]:
        raise OSError("the first process in it is not number 1")
    return found


def _id_maps() -> str:
    """Root gives a child two ids of its own; anybody else may map only itself."""
    if os.geteuid() != 0:
        _map_self()
        return "the server's own id only"
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _unshared(kernel.CLONE_NEWUSER)()
        os.write(tell, b"x")
        signal.pause()
    os.close(tell)
    try:
        if not os.read(told, 1):
            raise OSError("no user namespace to map ids in")
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{pid}/{name}").write_text("0 1879048192 2")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return "any ids"


def _map_self() -> None:
    user, group = os.geteuid(), os.getegid()
    Kernel().unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"0 {user} 1"),
        ("gid_map", f"0 {group} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text)


def _mount(then: Callable[[Kernel, str], None]) -> Callable[[], str]:
    """Mount an empty file system in a mount namespace of our own, then do what is asked."""

    def attempt() -> str:
        calls = Kernel()
        try:
            calls.unshare(kernel.CLONE_NEWNS)
        except OSError:
            _map_self()
        calls.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        calls.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV)  # noqa: S108
        then(calls, "/tmp")  # noqa: S108
        return ""

    return attempt


def _nothing(calls: Kernel, path: str) -> None:
    pass


def _read_only(calls: Kernel, path: str) -> None:
    calls.make_read_only(path)
    try:
        (Path(path) / "file").touch()
    except OSError:
        return
    raise OSError("it can still be written")


def _seccomp() -> str:
    calls = Kernel()
    calls.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    refuse = [("getppid", [filters.ret(filters.ERRNO | filters.EPERM)])]
    calls.prepared_filter(filters.assemble(refuse, filters.ALLOW)).install()
    if ctypes.CDLL(None).getppid() != -1:
        raise OSError("it refuses nothing")
    return ""


def _thread_sync() -> str:
    calls = Kernel()
    calls.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    code = ctypes.create_string_buffer(filters.assemble([], filters.ALLOW))
    head = struct.pack("HxxxxxxQ", (len(code) - 1) // 8, ctypes.addressof(code))
    started = threading.Event()
    thread = threading.Thread(target=started.wait, daemon=True)
    thread.start()
    calls.system_call("seccomp", ctypes.c_uint(1), ctypes.c_uint(_TSYNC), head)
    return ""


def _compiled_filters() -> str:
    value = Path("/proc/sys/net/core/bpf_jit_enable").read_text().strip()
    if value == "0":
        raise OSError("net.core.bpf_jit_enable is 0")
    return f"net.core.bpf_jit_enable is {value}"


def _landlock() -> str:
    calls = Kernel()
    calls.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict(calls, ["/usr"], [])
    os.scandir("/usr").close()
    try:
        os.scandir("/").close()
    except PermissionError:
        return f"version {landlock.version(calls)}"
    raise OSError("it takes nothing away")


def _memfd() -> str:
    os.close(os.memfd_create("", os.MFD_CLOEXEC))
    return ""


def _pidfd() -> str:
    os.close(os.pidfd_open(os.getpid()))
    return ""


def _clone_pidfd() -> str:
    descriptor = ctypes.c_int(-1)
    libc = ctypes.CDLL(None, use_errno=True)
    pid = libc.syscall(
        ctypes.c_long(_CLONE_NUMBERS[kernel.platform_machine()]),
        ctypes.c_ulong(_CLONE_PIDFD | signal.SIGCHLD),
        None,
        ctypes.byref(descriptor),
        None,
        None,
    )
    if pid == 0:
        os._exit(0)
    if pid < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.waitpid(pid, 0)
    if descriptor.value < 0:
        raise OSError("the kernel returned no descriptor")
    return ""


def _wipe_on_fork() -> str:
    with mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory[0] = 1
        memory.madvise(_MADV_WIPEONFORK)
        pid = os.fork()
        if pid == 0:
            os._exit(memory[0])
        if os.waitpid(pid, 0)[1]:
            raise OSError("a child still sees the memory")
    return ""


_NAMESPACES = (
    ("net", kernel.CLONE_NEWNET),
    ("mount", kernel.CLONE_NEWNS),
    ("ipc", kernel.CLONE_NEWIPC),
    ("uts", kernel.CLONE_NEWUTS),
    ("cgroup", kernel.CLONE_NEWCGROUP),
    ("time", _CLONE_NEWTIME),
)
_ATTEMPTS: tuple[tuple[str, Callable[[], str], str], ...] = (
    ("user namespace", _unshared(kernel.CLONE_NEWUSER), _USER_NAMESPACES),
    ("pid namespace", _pid_namespace, _USER_NAMESPACES),
    *((f"{name} namespace", _unshared(flag), _USER_NAMESPACES) for name, flag in _NAMESPACES),
    ("id maps", _id_maps, f"start the server as root, or: {_USER_NAMESPACES}"),
    ("mount", _mount(_nothing), _USER_NAMESPACES),
    ("mount_setattr", _mount(_read_only), f"a kernel from 5.12; {_IN_A_CONTAINER}"),
    ("pivot_root", _mount(Kernel.enter_root), _IN_A_CONTAINER),
    ("seccomp filter", _seccomp, "a kernel with CONFIG_SECCOMP_FILTER"),
    ("seccomp for all threads", _thread_sync, "a kernel with CONFIG_SECCOMP_FILTER"),
    ("seccomp compiled", _compiled_filters, "sysctl net.core.bpf_jit_enable=1"),
    ("landlock", _landlock, _LANDLOCK),
    ("memfd", _memfd, _IN_A_CONTAINER),
    ("pidfd", _pidfd, f"a kernel from 5.3; {_IN_A_CONTAINER}"),
    ("clone with pidfd", _clone_pidfd, f"a kernel from 5.2; {_IN_A_CONTAINER}"),
    ("memory wiped on fork", _wipe_on_fork, "a kernel from 4.14"),
)
