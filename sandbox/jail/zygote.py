"""The zygote's loop: take a request, fork a process for it, tell how that process ended.

The request comes over the control socket with the program itself in a file, the write ends of three
pipes (results, stdout, stderr) and maybe standard input; whatever the program writes goes to the
dispatcher directly. The zygote reads nothing from a program: what it tells is what the kernel told
it. Nor does it read the program, which would stay in its memory for all later ones to find.
"""

import os
import select
import signal
import struct
import time
from _socket import CMSG_SPACE, SocketType

from sandbox.jail import child
from sandbox.jail.kernel import Filter

REQUEST = struct.Struct("<cddQ")  # b"R", CPU seconds, wall seconds, memory bytes
REPLY = struct.Struct("<iBddQ")  # wait status, ENDED_*, CPU seconds, wall seconds, peak RSS bytes
KILL = b"K"
READY = b"R\n"

ENDED_ITSELF, ENDED_BY_CPU, ENDED_BY_WALL, ENDED_BY_ORDER = range(4)

_ANCILLARY = CMSG_SPACE(5 * struct.calcsize("i"))
_CHUNK = 1024


def serve(channel: SocketType, program_filter: Filter, *, own_ids: bool) -> None:
    """Serve requests until the dispatcher closes the control socket."""
    control = channel.fileno()
    os.write(control, READY)
    while True:
        request = _receive(channel)
        if request is None:
            return
        cpu_seconds, wall_seconds, memory_bytes, descriptors = request
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os.close(control)
            child.run(descriptors, cpu_seconds, memory_bytes, program_filter, own_ids)
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
    """One request; None at the end. An order to kill that came too late is skipped."""
    data, descriptors = b"", []
    while len(data) < REQUEST.size:
        more, ancillary, _, _ = channel.recvmsg(_CHUNK, _ANCILLARY)
        if not more:
            return None
        for _, _, raw in ancillary:
            descriptors += [item for (item,) in struct.iter_unpack("i", raw)]
        data = (data + more).lstrip(KILL)
    _, cpu_seconds, wall_seconds, memory_bytes = REQUEST.unpack(data)
    return cpu_seconds, wall_seconds, memory_bytes, descriptors


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
