"""The dispatcher's side of a run's pipes in Python: where the extension module is not built."""

import array
import fcntl
import os
import socket
import termios


def send_run(control: int, request: bytes, payload: bytes, stdin: bytes) -> tuple[int, int, int]:
    """Hand a run to the zygote; returns what to read: results, stdout, stderr.

    Raises:
        OSError: it does not take it.

    """
    pipes = [os.pipe() for _ in range(3)]
    theirs = [_file(payload), *(write for _, write in pipes)]
    if stdin:
        theirs.append(_read_only(_file(stdin)))
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", theirs))]
    flags = socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT
    results, stdout, stderr = (read for read, _ in pipes)
    try:
        with socket.socket(fileno=os.dup(control)) as channel:
            channel.sendmsg([request], rights, flags)
    except OSError:
        for descriptor in (results, stdout, stderr):
            os.close(descriptor)
        raise
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    return results, stdout, stderr


def take_rest(descriptor: int, most: int) -> bytes:
    """Return at most so many bytes of a pipe that nobody writes to any more, and close it."""
    held = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, held)
    data = os.read(descriptor, min(held[0], most))
    os.close(descriptor)
    return data


def _file(data: bytes) -> int:
    """Return a file in memory."""
    file = os.memfd_create("", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.pwrite(file, view, len(data) - len(view)) :]
    return file


def _read_only(file: int) -> int:
    """Return a descriptor of the same file through which it can't be written."""
    readable = os.open(f"/proc/self/fd/{file}", os.O_RDONLY | os.O_CLOEXEC)
    os.close(file)
    return readable
