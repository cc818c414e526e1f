"""The seccomp filters: an allow-list for the zygote, and a second, shorter one for each program.

A call outside the list kills the process with SIGSYS, which the wait status shows: that is how a
violation is known, and no program can hide it. Calls that harmless code makes by the way (a
mkdir, a chmod) are refused with EPERM instead. Arguments are looked at where a call is harmless
only in part: signals to others, locks and leases on files, a clone that is no fork.
"""

import struct

from sandbox.jail.kernel import PR_SET_PDEATHSIG, platform_machine
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
    mknodat mlock mlock2 mlockall munlock munlockall removexattr rename renameat renameat2
    rmdir sched_setaffinity sched_setattr sched_setparam sched_setscheduler sendfile setpgid
    setpriority setsid setxattr splice symlink symlinkat sync tee truncate unlink unlinkat utime
    utimensat utimes
"""

# What the zygote needs besides, and no program may.
_ZYGOTE_ONLY = ("clone", "setgroups", "setresgid", "setresuid", "seccomp", "pidfd_open", "recvmsg")

_SIGNALS = ("kill", "tgkill", "tkill")

KILL = 0x80000000
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
EPERM = 1
_ENOTTY = 25

LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_RETURN = 0x06
_JUMP = 0x05
JUMP_EQUAL = 0x15
JUMP_AT_LEAST = 0x35

_OFFSET_NUMBER = 0
_OFFSET_ARCH = 4
OFFSET_ARGS = 16

_ARCHES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT = 0x40000000
_FARTHEST = 256
"""A conditional jump goes less far."""

# SIGCHLD with CLONE_CHILD_SETTID and CLONE_CHILD_CLEARTID: what fork() in the C library asks for.
_FORK_FLAGS = 0x01200011
# F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC: no locks, leases, owners, seals.
_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)
# TCGETS FIONREAD FIONBIO FIONCLEX FIOCLEX: what opening a file asks for.
_IOCTL_COMMANDS = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)

SELF = 0x5E1F5E1F
"""Stands in a program's filter for the number of the process."""

Instruction = tuple[int, int, int, int]
_INSTRUCTION = struct.Struct("HBBI")


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
        # So that a program ends with its zygote also where no pid namespace sees to that.
        ("prctl", only(0, (PR_SET_PDEATHSIG,), ALLOW, ERRNO | EPERM)),
        *((name, no_init()) for name in _SIGNALS),
    ]
    return assemble(blocks, KILL)


def program_filter() -> bytes:
    """Return what the zygote may and a program may not, installed in each program's process.

    Who installs it puts the process's own number in the place of each `SELF`.
    """
    no_new_limit = [
        (LOAD, 0, 0, OFFSET_ARGS + 16),
        (JUMP_EQUAL, 1, 0, 0),
        ret(KILL),
        (LOAD, 0, 0, OFFSET_ARGS + 20),
        (JUMP_EQUAL, 1, 0, 0),
        ret(KILL),
        ret(ALLOW),
    ]
    blocks = [
        *((name, [ret(KILL)]) for name in _ZYGOTE_ONLY),
        *((name, only(0, (SELF,), ALLOW, KILL)) for name in _SIGNALS),
        ("prctl", [ret(ERRNO | EPERM)]),
        ("prlimit64", no_new_limit),
    ]
    return assemble_short(blocks, ALLOW)


def for_process(program: bytes, pid: int) -> bytes:
    """Return a program's filter with the number of its process in it."""
    code = [
        (kind, true, false, pid if k == SELF else k)
        for kind, true, false, k in _INSTRUCTION.iter_unpack(program)
    ]
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in code)


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
    """Return one filter: check the machine, then find the call's block. The first of a name counts.

    By halving: a long list costs no more than a few comparisons.
    """
    return _packed(_search(_steps(_by_number(blocks), [ret(default)])))


def assemble_short(blocks: list[tuple[str, list[Instruction]]], default: int) -> bytes:
    """Return the same for a few calls in as few instructions as can be.

    Each program waits while the kernel translates its filter: some 0.2 microseconds an instruction.
    """
    by_number = _by_number(blocks)
    tails: list[list[Instruction]] = [[ret(KILL)]]
    for block in by_number.values():
        if block not in tails:
            tails.append(block)
    starts = [sum(map(len, tails[:index])) for index in range(len(tails))]
    distance = len(by_number) + 1  # comparisons and the default
    code = [(JUMP_AT_LEAST, distance, 0, _X32_BIT)]
    for number, block in by_number.items():
        distance -= 1
        code.append((JUMP_EQUAL, distance + starts[tails.index(block)], 0, number))
    return _packed([*code, ret(default), *(item for tail in tails for item in tail)])


def _by_number(blocks: list[tuple[str, list[Instruction]]]) -> dict[int, list[Instruction]]:
    column, _ = _ARCHES[platform_machine()]
    found: dict[int, list[Instruction]] = {}
    for name, block in blocks:
        number = NUMBERS[name][column]
        if number is not None:
            found.setdefault(number, block)
    return found


def _packed(code: list[Instruction]) -> bytes:
    """Put the check of the machine before what looks at the call's number."""
    _, arch = _ARCHES[platform_machine()]
    head = [
        (LOAD, 0, 0, _OFFSET_ARCH),
        (JUMP_EQUAL, 1, 0, arch),
        ret(KILL),
        (LOAD, 0, 0, _OFFSET_NUMBER),
    ]
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in [*head, *code])


def _steps(
    by_number: dict[int, list[Instruction]], default: list[Instruction]
) -> list[tuple[int, list[Instruction]]]:
    """Return (first number, block) of each run of numbers that share a block, in order."""
    changes = {0: default}
    for number in sorted(by_number):
        changes[number] = by_number[number]
        changes[number + 1] = default
    changes[_X32_BIT] = [ret(KILL)]
    steps: list[tuple[int, list[Instruction]]] = []
    for start, block in changes.items():
        if not steps or steps[-1][1] != block:
            steps.append((start, block))
    return steps


def _search(steps: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    if len(steps) == 1:
        return steps[0][1]
    middle = len(steps) // 2
    below, above = _search(steps[:middle]), _search(steps[middle:])
    number = steps[middle][0]
    if len(below) < _FARTHEST:
        return [(JUMP_AT_LEAST, len(below), 0, number), *below, *above]
    return [(JUMP_AT_LEAST, 0, 1, number), (_JUMP, 0, 0, len(below)), *below, *above]
