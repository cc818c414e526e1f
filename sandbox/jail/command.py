"""The keeper: runs one program at a time, each in namespaces of its own, and tells how it ended.

A program here is something to exec: a compiler, or what it made. Per program: a first process
takes fresh namespaces, an init in them builds the file system, starts the program, watches its
clocks and takes what it was to keep; when init ends, the kernel ends all that is left.
"""

# pathlib would be the heaviest import of the jail.

# pathlib would be the heaviest import of the jail.
# ruff: noqa: PTH102

import fcntl
import json
import os
import resource
import select
import signal
import socket
import stat
import struct
import time
from typing import NamedTuple, NoReturn

from sandbox.jail import command_filter, kernel
from sandbox.jail.command_filter import EXECUTABLE
from sandbox.jail.zygote import ENDED_BY_CPU, ENDED_BY_ORDER, ENDED_BY_WALL, ENDED_ITSELF

WORK, WARM = "/work", "/warm"
"""A program's own folder; what the toolchain prepared once, which no program can write."""
KILL = b"K"
READY = b"R\n"
REPLY = struct.Struct("<iBddQ?")
"""Wait status, ENDED_*, CPU seconds, wall seconds, peak RSS bytes, whether the file was kept."""
BROKEN = b"E"
"""Before a line: the jail could not be built."""

NAMESPACES = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)
_PROGRAM_ID = 1
_MOST_DESCRIPTORS = 16
_MESSAGE_BYTES = 1 << 16
_ABOVE_ALL = 64
_STACK_BYTES = 64 * 2**20


class Task(NamedTuple):
    """One program to run. Its descriptors: stdin, stdout, stderr, 3, 4, then one for each file."""

    argv: list[str]
    env: dict[str, str]
    files: list[str]
    """Names in the program's folder, filled from the descriptors after the first five."""
    folder_bytes: int
    """Size of the folder (it stays in memory)."""
    cpu_seconds: float
    wall_seconds: float
    data_bytes: int
    """Private writable memory of one process."""
    space_bytes: int
    """Address space of one process; 0: no limit."""
    processes: int
    """Processes and threads."""
    keep: str
    """A compiler: the file to copy to descriptor 4. Empty: a program, which sees 3 and 4."""
    opens_sockets: bool
    """Whether the runtime itself tries to; it is refused."""
    warm: bool
    """Whether WARM can be written: for the toolchain's own preparation."""


class JailBrokenError(OSError):
    """A step of a jail's making failed."""


def map_ids(proc: int, user: int, group: int) -> None:
    """Map one id of the outer user namespace into this process's new one."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{_PROGRAM_ID} {user} 1"),
        ("gid_map", f"{_PROGRAM_ID} {group} 1"),
    ):
        descriptor = os.open(f"self/{name}", os.O_WRONLY, dir_fd=proc)
        os.write(descriptor, text.encode())
        os.close(descriptor)


class Keeper:
    """Serves tasks from the control socket, one after another."""

    def __init__(
        self,
        channel: socket.socket,
        calls: kernel.Kernel,
        proc: int,
        *,
        own_ids: bool,
    ) -> None:
        self._channel = channel
        self._calls = calls
        self._proc = proc
        self._compiler_filter = calls.prepared_filter(command_filter.compiler_filter())
        self._program_filters = tuple(
            calls.prepared_filter(command_filter.program_filter(opens_sockets))
            for opens_sockets in (False, True)
        )
        self._own_ids = own_ids

    def serve(self) -> None:
        """Serve until the dispatcher closes the control socket."""
        self._channel.send(READY)
        while True:
            data, descriptors, _, _ = socket.recv_fds(
                self._channel, _MESSAGE_BYTES, _MOST_DESCRIPTORS
            )
            if not data:
                return
            if data == KILL:  # an order that came too late
                continue
            reply = self._perform(Task(**json.loads(data)), descriptors)
            if reply is None:
                return
            self._channel.send(reply)

    def _perform(self, task: Task, descriptors: list[int]) -> bytes | None:
        """Run a task to its end; None where the dispatcher is gone."""
        began = time.monotonic()
        report, theirs = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            self._channel.close()
            self._enter(task, descriptors, theirs)
        for descriptor in (theirs, *descriptors):
            os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        init = os.WEXITSTATUS(status) == 0 and int.from_bytes(os.read(report, 4), "little")
        if not init:
            message = os.read(report, _MESSAGE_BYTES)
            os.close(report)
            return message or BROKEN + b"a program's namespaces can't be made"
        told = self._wait(report, init)
        os.close(report)
        _, _, usage = os.wait4(init, 0)
        if told == b"":
            cpu = usage.ru_utime + usage.ru_stime
            wall = time.monotonic() - began
            told = REPLY.pack(signal.SIGKILL, ENDED_BY_ORDER, cpu, wall, 0, False)
        return told

    def _wait(self, report: int, init: int) -> bytes | None:
        """Wait for what init tells, or for an order to end it."""
        poller = select.poll()
        poller.register(report, select.POLLIN)
        poller.register(self._channel, select.POLLIN)
        while True:
            events = dict(poller.poll())
            if report in events:
                return os.read(report, _MESSAGE_BYTES)
            order = self._channel.recv(_MESSAGE_BYTES)
            os.kill(init, signal.SIGKILL)
            return b"" if order else None

    def _enter(self, task: Task, descriptors: list[int], report: int) -> NoReturn:
        """Take fresh namespaces and fork their init. Never returns."""
        try:
            if self._own_ids:
                os.setresgid(_PROGRAM_ID, _PROGRAM_ID, _PROGRAM_ID)
                os.setresuid(_PROGRAM_ID, _PROGRAM_ID, _PROGRAM_ID)
                self._calls.prctl(kernel.PR_SET_DUMPABLE, 1)  # else /proc/self is not ours
            self._calls.unshare(NAMESPACES)
            map_ids(self._proc, _PROGRAM_ID, _PROGRAM_ID)
            os.close(self._proc)
            pid = os.fork()
            if pid == 0:
                self._be_init(task, descriptors, report)
            os.write(report, pid.to_bytes(4, "little"))
            os._exit(0)
        except OSError as error:
            os.write(report, BROKEN + str(error).encode())
        finally:
            os._exit(1)

    def _be_init(self, task: Task, descriptors: list[int], report: int) -> NoReturn:
        """Build the file system, run the program, tell of it. Never returns."""
        try:
            self._furnish(task, descriptors[5:])
            began = time.monotonic()
            pid = self._start(task, descriptors)
            ended = _watch(pid, began, task)
            _, status, usage = os.wait4(pid, 0)
            kept = bool(task.keep) and status == 0 and _copy(task.keep, descriptors[4])
            reply = REPLY.pack(
                status,
                ended,
                usage.ru_utime + usage.ru_stime,
                time.monotonic() - began,
                usage.ru_maxrss * 1024,
                kept,
            )
            os.write(report, reply)
        except OSError as error:
            os.write(report, BROKEN + str(error).encode())
        finally:
            os._exit(0)

    def _furnish(self, task: Task, files: list[int]) -> None:
        """Fill the program's folder; a program can only read it."""
        compiles = bool(task.keep) or task.warm
        calls = self._calls
        if not task.warm:
            calls.make_read_only(WARM)
        flags = kernel.MS_NOSUID | kernel.MS_NODEV
        size = f"size={task.folder_bytes},nr_inodes=256,mode=755"
        calls.mount("tmpfs", WORK, "tmpfs", flags, size)
        os.chdir(WORK)
        for name, descriptor in zip(task.files, files, strict=True):
            target = os.open(name, os.O_CREAT | os.O_WRONLY, 0o555)
            _send(descriptor, target)
            os.close(target)
        if compiles:
            os.mkdir("tmp")
        else:
            calls.make_read_only(WORK)
            os.chdir(WORK)
        calls.set_host_name("jail")
        calls.drop_capabilities(())

    def _start(self, task: Task, descriptors: list[int]) -> int:
        """Fork and exec.

        Raises:
            JailBrokenError: it can't be executed.

        """
        error, theirs = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            try:
                self._become_program(task, descriptors, theirs)
            except (OSError, ValueError) as failure:
                os.write(theirs, str(failure).encode())
            finally:
                os._exit(1)
        os.close(theirs)
        message = os.read(error, _MESSAGE_BYTES)
        os.close(error)
        if message:
            raise JailBrokenError(f"{task.argv[0]}: {message.decode()}")
        return pid

    def _become_program(self, task: Task, descriptors: list[int], error: int) -> None:
        executable = os.open(task.argv[0], os.O_RDONLY | os.O_CLOEXEC)
        os.dup2(executable, EXECUTABLE, inheritable=False)
        os.dup2(error, EXECUTABLE - 1, inheritable=False)
        mine = [0, 1, 2] if task.keep or task.warm else [0, 1, 2, 3, 4]
        above = [_duplicate(descriptors[number]) for number in mine]
        for number, descriptor in zip(mine, above, strict=True):
            os.dup2(descriptor, number)
        os.closerange(len(mine), EXECUTABLE - 1)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
            signal.signal(number, signal.SIG_DFL)
        _limit(task)
        chosen = self._program_filters[task.opens_sockets]
        (self._compiler_filter if task.keep or task.warm else chosen).install()
        os.execve(EXECUTABLE, task.argv, task.env)  # noqa: S606 - that is its purpose


def _duplicate(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, _ABOVE_ALL)


def _limit(task: Task) -> None:
    compiles = bool(task.keep) or task.warm
    # A second net below init's finer clock. Soft below hard: else the end looks like SIGKILL.
    seconds = int(task.cpu_seconds) + (1 if compiles else 2)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    for limit, value in (
        (resource.RLIMIT_DATA, task.data_bytes),
        (resource.RLIMIT_AS, task.space_bytes),
        (resource.RLIMIT_NPROC, task.processes),
        (resource.RLIMIT_STACK, _STACK_BYTES),
        (resource.RLIMIT_FSIZE, task.folder_bytes if compiles else 0),
        (resource.RLIMIT_NOFILE, 4 * EXECUTABLE if compiles else EXECUTABLE - 1),
    ):
        if value or limit is not resource.RLIMIT_AS:
            resource.setrlimit(limit, (value, value))


def _watch(pid: int, began: float, task: Task) -> int:
    """Wait for the program's end, or bring it about."""
    process = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(process, select.POLLIN)
    clock = (~pid << 3) | 2  # the process's CPU clock, see clock_getcpuclockid(3)
    deadline = began + task.wall_seconds
    processors = len(os.sched_getaffinity(0))
    patience = task.cpu_seconds / processors
    while True:
        wait = max(0.0, min(patience, deadline - time.monotonic()))
        if poller.poll(1000 * wait + 1):
            return ENDED_ITSELF
        left = task.cpu_seconds - time.clock_gettime(clock)
        patience = left / processors  # threads on all of them use it up the soonest
        if left <= 0 or time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            return ENDED_BY_CPU if left <= 0 else ENDED_BY_WALL


def _copy(path: str, target: int) -> bool:
    """Take what a compiler made, if it made a plain file."""
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    if not stat.S_ISREG(os.fstat(source).st_mode):
        return False
    _send(source, target)
    return True


def _send(source: int, target: int) -> None:
    """Copy a whole file; the folder's size bounds it."""
    position = 0
    while sent := os.sendfile(target, source, position, 1 << 20):
        position += sent
