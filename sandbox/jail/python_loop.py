"""The zygote's loop and its program's run in Python: where the extension module is not built.

The same requests, replies and frames as `_loop.c` and `_program.c`, at twice the cost.
"""

import os
import select
import signal
import time
from _socket import CMSG_SPACE, SocketType  # the C module alone: socket.py would weigh 1 MB more
from collections.abc import Callable
from struct import calcsize, iter_unpack

from sandbox.jail import child
from sandbox.jail.zygote import (
    ENDED_BY_CPU,
    ENDED_BY_ORDER,
    ENDED_BY_WALL,
    ENDED_ITSELF,
    KILL,
    REPLY,
    REQUEST,
)

NAME = "python"

_FEWEST_DESCRIPTORS, _MOST_DESCRIPTORS = 4, 5
_ANCILLARY = CMSG_SPACE(_MOST_DESCRIPTORS * calcsize("i"))
_CUT = 0x20 | 0x08  # MSG_TRUNC | MSG_CTRUNC


def execute(payload: bytes, results: int) -> None:
    """Run a payload in this process, unconfined; frames go to `results`, nowhere if -1."""
    child.execute(payload, results)


def serve(control: int, program_filter: bytes, own_ids: bool, seal: Callable[[], None]) -> None:
    """Serve requests until the dispatcher closes the control socket; `seal` comes first."""
    channel = SocketType(fileno=control)
    zygote = os.getpid()
    seal()
    while (request := _receive(channel)) is not None:
        cpu_seconds, wall_seconds, memory_bytes, descriptors = request
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os.close(control)
            child.run(descriptors, cpu_seconds, memory_bytes, program_filter, own_ids, zygote)
        for descriptor in descriptors:
            os.close(descriptor)
        ended = _watch(pid, control, began, cpu_seconds, wall_seconds)
        if ended is None:
            return
        _, status, usage = os.wait4(pid, 0)
        os.write(
            control,
            REPLY.pack(
                status,
                ended,
                usage.ru_utime + usage.ru_stime,
                time.monotonic() - began,
                usage.ru_maxrss * 1024,
            ),
        )


def _receive(channel: SocketType) -> tuple[float, float, int, list[int]] | None:
    """One request; None: the dispatcher is gone, or what it says makes no sense."""
    while True:
        data, ancillary, flags, _ = channel.recvmsg(REQUEST.size, _ANCILLARY)
        if data != KILL:  # one that came too late
            break
    descriptors = [item for _, _, raw in ancillary for (item,) in iter_unpack("i", raw)]
    if len(data) != REQUEST.size or flags & _CUT or len(descriptors) < _FEWEST_DESCRIPTORS:
        return None
    tag, cpu_seconds, wall_seconds, memory_bytes = REQUEST.unpack(data)
    return (cpu_seconds, wall_seconds, memory_bytes, descriptors) if tag == b"R" else None


def _watch(
    pid: int, control: int, began: float, cpu_seconds: float, wall_seconds: float
) -> int | None:
    """Wait for the program's end, or bring it about; None where the dispatcher is gone."""
    process = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(process, select.POLLIN)
    poller.register(control, select.POLLIN)
    clock = (~pid << 3) | 2  # the process's CPU clock, see clock_getcpuclockid(3)
    deadline = began + wall_seconds
    patience = cpu_seconds  # one thread can't use more CPU time than passes on the clock
    ended: int | None = ENDED_ITSELF
    try:
        while True:
            wait = max(0.0, min(patience, deadline - time.monotonic()))
            events = dict(poller.poll(1000 * wait + 1))
            if process in events:
                return ENDED_ITSELF
            if control in events:
                ended = ENDED_BY_ORDER if os.read(control, 1) else None
            elif (patience := cpu_seconds - time.clock_gettime(clock)) <= 0:
                ended = ENDED_BY_CPU
            elif time.monotonic() >= deadline:
                ended = ENDED_BY_WALL
            else:
                continue
            os.kill(pid, signal.SIGKILL)
            return ended
    finally:
        os.close(process)
