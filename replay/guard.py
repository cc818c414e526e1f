"""The process between us and our own redis-server: it ends when we do, however we end.

Run as a file by `replay.embedded`, with the standard library alone. A signal to the server at the
death of its parent (PR_SET_PDEATHSIG) is not enough: it fires when the *thread* that started it
ends, and leaves the socket's folder behind. So this process holds a pipe from its parent; when that
closes, or the parent is gone, it stops the server and removes the folder. When the server dies
alone, it is started again on the same data.

Arguments: executable, data folder, socket folder. The server's configuration comes on standard
input, ended by a line that holds a single dot; it never touches a disk or a command line, because
it holds the password.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_LOCK_SECONDS = 5.0
_LOOK_SECONDS = 0.1
_STOP_SECONDS = 10.0
_REFUSAL_SECONDS = 5.0
_REFUSALS = 3
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Serve until the parent is gone; the exit status is 1 when there is no server to guard."""
    executable, data, sockets = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    # They are for the run, which still needs us while it finishes. A handler, unlike SIG_IGN, is
    # not inherited by the server.
    signal.signal(signal.SIGINT, _ignore)
    signal.signal(signal.SIGTERM, _ignore)
    parent = os.getppid()
    try:
        configuration = _read_configuration()
        lock = os.open(data, os.O_RDONLY)
        if not _locked(lock, parent):
            print(f"{data} is in use by another redis-server", file=sys.stderr)  # noqa: T201
            return 1
        if not _guard(executable, data, configuration, lock, parent):
            print(_last_words(sockets / "redis.log"), file=sys.stderr)  # noqa: T201
            return 1
        return 0
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _ignore(_signal: int, _frame: object) -> None:
    """Do nothing."""


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return lines[-1] if lines else "redis-server ended at once"


def _read_configuration() -> bytes:
    lines = []
    while (line := _read_line()) not in (b".\n", b""):
        lines.append(line)
    return b"".join(lines)


def _read_line() -> bytes:
    """One line from standard input, unbuffered, so that `select` sees what is left."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    return line


def _locked(lock: int, parent: int) -> bool:
    """Take the data folder; a guard whose parent was killed may still be leaving it."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline or _parent_gone(parent):
                return False
        else:
            return True


def _guard(executable: str, data: Path, configuration: bytes, lock: int, parent: int) -> bool:
    """Keep a server running; True when the parent has gone, False when the server can't run."""
    refusals = 0
    while refusals < _REFUSALS:
        for left_over in data.glob("temp-*"):
            left_over.unlink(missing_ok=True)
        started = time.monotonic()
        server = _start(executable, configuration, lock)
        while server.poll() is None:
            if _parent_gone(parent):
                _stop(server)
                return True
        # One that was killed is started again for as long as we are needed; one that ends by itself
        # (it can't read its data, the disk is full) only so often.
        by_itself = server.returncode >= 0 and time.monotonic() - started < _REFUSAL_SECONDS
        refusals = refusals + 1 if by_itself else 0
    return False


def _start(executable: str, configuration: bytes, lock: int) -> subprocess.Popen[bytes]:
    server = subprocess.Popen(
        [executable, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(lock,),  # the data is taken until the server itself is gone
        preexec_fn=_die_with_parent,
    )
    assert server.stdin is not None
    try:
        server.stdin.write(configuration)
        server.stdin.close()
    except BrokenPipeError:
        pass
    return server


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _parent_gone(parent: int) -> bool:
    """Wait a moment; True when the pipe has closed or we belong to somebody else."""
    readable, _, _ = select.select([0], [], [], _LOOK_SECONDS)
    return bool(readable) or os.getppid() != parent


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
