"""The seccomp filters: an allow-list for the zygote, and a second, shorter one for each program.

A call outside the list kills the process with SIGSYS, which the wait status shows: that is how a
violation is known, and no program can hide it. Calls that harmless code makes by the way (a
mkdir, a chmod) are refused with EPERM instead. Arguments are looked at where a call is harmless
only in part: signals to the jail's init, locks and leases on files, a clone that is no fork.
"""

import struct

from sandbox.jail.kernel import platform_machine
from sandbox.jail.syscalls import NUMBERS

ALLOWED = """
    access alarm brk capget chdir clock_getres clock_gettime clock_nanosleep close close_range
    dup dup2 dup3 exit exit_group faccessat faccessat2 fadvise64 fchdir fdatasync fstat fstatfs
    fsync futex getcpu getcwd getdents64 getegid geteuid getgid getgroups getitimer getpgid
    getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid
    gettid gettimeofday getuid lseek lstat madvise mincore mmap mprotect mremap msync munmap
    nanosleep newfstatat open openat pause pipe pipe2 poll ppoll pread64 preadv pselect6
    pwrite64 pwritev read readlink readlinkat readv restart_syscall rseq rt_sigaction
    rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait
    sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam
    sched_getscheduler sched_yield select set_robust_list set_tid_address setitimer sigaltstack
    stat statfs statx sysinfo time times umask uname wait4 waitid write writev
"""

REFUSED = """
    chmod chown copy_file_range creat epoll_create epoll_create1 fallocate fchmod fchmodat fchown
    fchownat fgetxattr flistxattr fremovexattr fsetxattr ftruncate futimesat getxattr lchown
    lgetxattr link linkat listxattr llistxattr lremovexattr lsetxattr membarrier mkdir mkdirat mknod
    mknodat mlock mlock2 mlockall munlock munlockall prctl removexattr rename renameat renameat2
    rmdir sched_setaffinity sched_setattr sched_setparam sched_setscheduler sendfile setpgid
    setpriority setsid setxattr splice symlink symlinkat sync tee truncate unlink unlinkat utime
    utimensat utimes
"""

# What the zygote needs besides, and no program may.
_ZYGOTE_ONLY = ("clone", "setgroups", "setresgid", "setresuid", "seccomp", "pidfd_open", "recvmsg")

KILL = 0x80000000
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
EPERM = 1
_ENOTTY = 25

LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_RETURN = 0x06
JUMP_EQUAL = 0x15
JUMP_AT_LEAST = 0x35

_OFFSET_NUMBER = 0
_OFFSET_ARCH = 4
OFFSET_ARGS = 16

_ARCHES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x40000000

# SIGCHLD with CLONE_CHILD_SETTID and CLONE_CHILD_CLEARTID: what fork() in the C library asks for.
_FORK_FLAGS = 0x01200011
# F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC: no locks, leases, owners, seals.
_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)
# TCGETS FIONREAD FIONBIO FIONCLEX FIOCLEX: what opening a file asks for.
_IOCTL_COMMANDS = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)

Instruction = tuple[int, int, int, int]


def zygote_filter() -> bytes:
    """Return the allow-list, installed once on the zygote and inherited by every program."""
    blocks: list[tuple[str, list[Instruction]]] = [
        *((name, [ret(ALLOW)]) for name in ALLOWED.split()),
        *((name, [ret(ERRNO | EPERM)]) for name in REFUSED.split()),
        *((name, [ret(ALLOW)]) for name in _ZYGOTE_ONLY if name != "clone"),
        ("clone", only(0, (_FORK_FLAGS,), ALLOW, KILL)),
        ("fcntl", only(1, _FCNTL_COMMANDS, ALLOW, KILL)),
        ("ioctl", only(1, _IOCTL_COMMANDS, ALLOW, ERRNO | _ENOTTY)),
        ("prlimit64", only(0, (0,), ALLOW, KILL)),
        *((name, no_init()) for name in ("kill", "tgkill", "tkill")),
    ]
    return assemble(blocks, KILL)


def program_filter() -> bytes:
    """Return what the zygote may and a program may not, installed in each program's process."""
    no_new_limit = [
        (LOAD, 0, 0, OFFSET_ARGS + 16),
        (JUMP_EQUAL, 1, 0, 0),
        ret(KILL),
        (LOAD, 0, 0, OFFSET_ARGS + 20),
        (JUMP_EQUAL, 1, 0, 0),
        ret(KILL),
        ret(ALLOW),
    ]
    blocks = [*((name, [ret(KILL)]) for name in _ZYGOTE_ONLY), ("prlimit64", no_new_limit)]
    return assemble(blocks, ALLOW)


def ret(action: int) -> Instruction:
    """Return the instruction that ends the filter with an action."""
    return (_RETURN, 0, 0, action)


def only(argument: int, values: tuple[int, ...], inside: int, outside: int) -> list[Instruction]:
    """Compare the low word of an argument with a few values."""
    block = [(LOAD, 0, 0, OFFSET_ARGS + 8 * argument)]
    for value in values:
        block += [(JUMP_EQUAL, 0, 1, value), ret(inside)]
    return [*block, ret(outside)]


def no_init() -> list[Instruction]:
    """Allow a signal to a process, not to init (1), a group (0 and below) or all (-1)."""
    return [
        (LOAD, 0, 0, OFFSET_ARGS),
        (JUMP_AT_LEAST, 0, 1, 0x80000000),
        ret(KILL),
        (JUMP_AT_LEAST, 1, 0, 2),
        ret(KILL),
        ret(ALLOW),
    ]


def assemble(blocks: list[tuple[str, list[Instruction]]], default: int) -> bytes:
    """Return one filter: check the machine, then try the blocks one after another."""
    column, arch = _ARCHES[platform_machine()]
    code: list[Instruction] = [
        (LOAD, 0, 0, _OFFSET_ARCH),
        (JUMP_EQUAL, 1, 0, arch),
        ret(KILL),
        (LOAD, 0, 0, _OFFSET_NUMBER),
        (JUMP_AT_LEAST, 0, 1, _X32_BIT),
        ret(KILL),
    ]
    for name, block in blocks:
        number = NUMBERS[name][column]
        if number is not None:
            code += [(JUMP_EQUAL, 0, len(block), number), *block]
    code.append(ret(default))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)
