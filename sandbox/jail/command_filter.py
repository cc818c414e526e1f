"""The seccomp filters of programs that are exec'd: a compiler's, and a compiled program's.

Runtimes need more than a Python program does (threads, epoll, timers), and what they try beyond
that they can do without: an unknown call fails with ENOSYS. Calls that only an attack makes kill
with SIGSYS, as does every process that a program starts: only its own threads are its business.
"""

from sandbox.jail.filters import (
    ALLOW,
    ALLOWED,
    EPERM,
    ERRNO,
    JUMP_EQUAL,
    KILL,
    LOAD,
    OFFSET_ARGS,
    REFUSED,
    Instruction,
    assemble,
    no_init,
    only,
    ret,
)

EXECUTABLE = 255
"""Descriptor of the file to execute: no program can ever have one of this number again."""

_RUNTIME = """
    arch_prctl epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd eventfd2
    timer_create timer_delete timer_settime timerfd_create timerfd_settime
"""

_COMPILER = """
    chmod copy_file_range creat execve execveat fallocate fchmod fchmodat fcntl fork ftruncate
    link linkat mkdir mkdirat rename renameat renameat2 rmdir sendfile setpgid setsid symlink
    symlinkat truncate unlink unlinkat utime utimensat utimes vfork
"""

_ATTACKS = """
    acct add_key bpf chroot delete_module finit_module fsmount fsopen init_module io_uring_enter
    io_uring_register io_uring_setup kexec_file_load kexec_load keyctl memfd_create mount
    mount_setattr move_mount mq_open msgget name_to_handle_at open_by_handle_at open_tree
    perf_event_open personality pidfd_getfd pidfd_open pivot_root process_madvise
    process_vm_readv process_vm_writev ptrace quotactl reboot recvmsg request_key seccomp semget
    setfsgid setfsuid setgid setgroups setns setregid setresgid setresuid setreuid setuid shmat
    shmget socket swapon umount2 unshare userfaultfd
"""

_PROGRAM_ATTACKS = "execve flock fork setrlimit vfork"

_AF_UNIX = 1
_ENOSYS = 38
_ENOTTY = 25
_EAFNOSUPPORT = 97
_AND = 0x54
_JUMP_ANY = 0x45

_CLONE_NEW = 0x7E020000
_CLONE_THREAD = 0x10000
_SHARED_ANONYMOUS = 0x21
# F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC F_GETPIPE_SZ.
_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030, 1032)
# TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX.
_IOCTL_COMMANDS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# PR_GET_DUMPABLE PR_SET_NAME PR_GET_NAME PR_SET_VMA.
_PRCTL_OPTIONS = (3, 15, 16, 0x53564D41)


def compiler_filter() -> bytes:
    """Return the filter of compilers: they start processes and write files."""
    writable = set(_COMPILER.split())
    return assemble(
        [
            # javac asks, at its start, whether there is IPv6.
            ("socket", [ret(ERRNO | _EAFNOSUPPORT)]),
            *_common(),
            *((name, [ret(ALLOW)]) for name in sorted(writable)),
            *((name, [ret(ERRNO | EPERM)]) for name in REFUSED.split() if name not in writable),
            ("clone", [*_no_namespace(), ret(ALLOW)]),
            ("prlimit64", only(0, (0,), ALLOW, KILL)),
            ("setrlimit", [ret(ALLOW)]),
        ],
        ERRNO | _ENOSYS,
    )


def program_filter(opens_sockets: bool) -> bytes:
    """Return the filter of programs: one process with its threads, one exec, no shared memory.

    `opens_sockets`: the runtime tries to by itself, so that it is refused without a kill.
    """
    return assemble(
        [
            ("socket", [ret(ERRNO | _EAFNOSUPPORT if opens_sockets else KILL)]),
            *_common(),
            *((name, [ret(KILL)]) for name in _PROGRAM_ATTACKS.split()),
            *((name, [ret(ERRNO | EPERM)]) for name in REFUSED.split()),
            ("clone", _threads_only()),
            ("execveat", only(0, (EXECUTABLE,), ALLOW, KILL)),
            ("fcntl", only(1, _FCNTL_COMMANDS, ALLOW, KILL)),
            ("prlimit64", _no_new_limit()),
        ],
        ERRNO | _ENOSYS,
    )


def _common() -> list[tuple[str, list[Instruction]]]:
    """What both may do, and what neither may."""
    return [
        *((name, [ret(ALLOW)]) for name in ALLOWED.split() if name != "mmap"),
        *((name, [ret(ALLOW)]) for name in _RUNTIME.split()),
        *((name, [ret(KILL)]) for name in _ATTACKS.split()),
        ("mmap", _no_shared_memory()),
        # Java closes files with the help of a pair of nameless sockets.
        ("socketpair", only(0, (_AF_UNIX,), ALLOW, KILL)),
        ("ioctl", only(1, _IOCTL_COMMANDS, ALLOW, ERRNO | _ENOTTY)),
        ("prctl", only(0, _PRCTL_OPTIONS, ALLOW, ERRNO | EPERM)),
        *((name, no_init()) for name in ("kill", "tgkill", "tkill")),
    ]


def _no_namespace() -> list[Instruction]:
    return [(LOAD, 0, 0, OFFSET_ARGS), (_JUMP_ANY, 0, 1, _CLONE_NEW), ret(KILL)]


def _threads_only() -> list[Instruction]:
    return [*_no_namespace(), (_JUMP_ANY, 1, 0, _CLONE_THREAD), ret(KILL), ret(ALLOW)]


def _no_shared_memory() -> list[Instruction]:
    """Refuse memory that RLIMIT_DATA does not count."""
    return [
        (LOAD, 0, 0, OFFSET_ARGS + 24),
        (_AND, 0, 0, _SHARED_ANONYMOUS),
        (JUMP_EQUAL, 0, 1, _SHARED_ANONYMOUS),
        ret(ERRNO | EPERM),
        ret(ALLOW),
    ]


def _no_new_limit() -> list[Instruction]:
    """Limits may be read: the pointer to a new one must be null."""
    return [
        (LOAD, 0, 0, OFFSET_ARGS + 16),
        (JUMP_EQUAL, 1, 0, 0),
        ret(KILL),
        (LOAD, 0, 0, OFFSET_ARGS + 20),
        (JUMP_EQUAL, 1, 0, 0),
        ret(KILL),
        ret(ALLOW),
    ]
