"""A jail seen from the dispatcher: how it boots, what its programs write, how it ends."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sandbox.cgroups import Group
from sandbox.errors import JailError
from sandbox.jail import zygote

try:
    from sandbox.jail._loop import take_rest
except ImportError:
    from sandbox.run_io import take_rest

_CHUNK = 1 << 16
_SEND_SECONDS = 10.0
_REAP_SECONDS = 5.0
_FIRST_LOOK_SECONDS = 0.01


class SlotBrokenError(RuntimeError):
    """The jail is gone or makes no sense: the slot must be rebooted."""


class State(Enum):
    """Where a slot is."""

    BOOTING = "booting"
    IDLE = "idle"
    BUSY = "busy"


@dataclass(slots=True)
class _Output:
    """One pipe from the program, with what came so far."""

    descriptor: int
    data: bytes = b""


class Jail(ABC):
    """The process at the head of a jail, init of its pid namespace where it has one."""

    def __init__(self, index: int, first_id: int, group: Group) -> None:
        """`first_id`: the first of two user ids of the host that only this slot has (T1).

        `group`: the control group for the jail, with its limits; `close` closes it.
        """
        self.index = index
        self._first_id = first_id
        self._group = group
        self.loop = ""
        """The loop that serves, where there are several."""
        self._outputs: list[_Output] = []
        self._limit, self._overflowed, self._killed = 0, False, False
        self._boot()

    @abstractmethod
    def boot_command(self, control: int) -> list[str]:
        """Return the command that boots a jail and talks through the socket `control`."""

    def _boot(self) -> None:
        self.state = State.BOOTING
        self.began = time.monotonic()
        self.look_at = 0.0
        self.init = 0
        """Process id of the jail's head, once it is there."""
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel.settimeout(_SEND_SECONDS)
        self._boot_process = subprocess.Popen(
            self.boot_command(theirs.fileno()),
            env={"HOME": "/"},  # else a look for it would ask the network for the user
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()

    def fileno(self) -> int:
        """Return the control socket, for polling."""
        return self.channel.fileno()

    def on_boot_message(self) -> None:
        """Take a step of the boot.

        Raises:
            JailError: the jail can't be built.

        """
        try:
            line = self.channel.recv(_CHUNK).rstrip()
        except OSError as error:
            raise JailError(f"the jail's boot: {error}") from error
        kind, rest = line[:1], line[1:].decode(errors="replace")
        if kind == b"U":
            self._map_ids()
        elif kind == b"P":
            self.init = int(rest)
            self._boot_process.wait(_REAP_SECONDS)
            self._group.add(self.init)
            self.channel.sendall(b"G")
        elif kind == zygote.READY:
            self.loop = rest
            self.state = State.IDLE
        else:
            raise JailError(rest or "the jail ended while it started")

    def _map_ids(self) -> None:
        for name in ("uid_map", "gid_map"):
            try:
                Path(f"/proc/{self._boot_process.pid}/{name}").write_text(f"0 {self._first_id} 2")
            except OSError as error:
                raise JailError(f"{name}: {error.strerror}") from error
        self.channel.sendall(b"M")

    def _listen(self, pipes: Sequence[int], most_bytes: int) -> None:
        """Begin to read what a program writes: at most so much on each pipe."""
        self._outputs = [_Output(descriptor) for descriptor in pipes]
        self._limit, self._overflowed, self._killed = most_bytes, False, False
        self.look_at = time.monotonic() + _FIRST_LOOK_SECONDS

    def drain(self) -> bool:
        """Take what the program wrote so far; True: there was much, so look again soon."""
        much, chunk = False, memoryview(bytearray(_CHUNK))
        for output in self._outputs:
            with contextlib.suppress(BlockingIOError):
                while count := os.preadv(output.descriptor, [chunk], -1, os.RWF_NOWAIT):
                    self._keep_output(output, chunk[:count])
                    much = much or count > _CHUNK // 2
                    if count < _CHUNK or self._overflowed:
                        break
        if self._overflowed:
            self.kill()
        return much

    def _keep_output(self, output: _Output, data: bytes | memoryview) -> None:
        room = self._limit + 1 - len(output.data)
        output.data += data[:room] if room > 0 else b""
        self._overflowed = self._overflowed or len(output.data) > self._limit

    def kill(self) -> None:
        """Order the jail to end the program that it runs."""
        if not self._killed:
            self._killed = True
            with contextlib.suppress(OSError):
                self.channel.send(zygote.KILL)

    def _reply(self, size: int) -> bytes:
        """Receive what the jail tells of a program's end.

        Raises:
            SlotBrokenError: it is gone, or tells why it can't go on.

        """
        try:
            reply = self.channel.recv(_CHUNK)
        except OSError as error:
            raise SlotBrokenError(f"slot {self.index}: {error}") from error
        if len(reply) != size:
            reason = reply[1:].decode(errors="replace")
            raise SlotBrokenError(f"slot {self.index}: {reason or 'the jail ended'}")
        self._killed = True  # nobody is there to kill any more
        return reply

    def _take_outputs(self) -> list[bytes]:
        """Return all that an ended program wrote, pipe by pipe."""
        for output in self._outputs:
            self._keep_output(
                output, take_rest(output.descriptor, self._limit + 1 - len(output.data))
            )
        taken, self._outputs = self._outputs, []
        return [output.data for output in taken]

    def reboot(self) -> None:
        """Replace the jail by a new one."""
        self._end()
        self._boot()

    def close(self) -> None:
        """End the jail and all in it."""
        self._end()
        self._group.close()

    def _end(self) -> None:
        for output in self._outputs:
            os.close(output.descriptor)
        self._outputs = []
        self.channel.close()
        if self._boot_process.poll() is None:
            self._boot_process.kill()
            self._boot_process.wait()
        if self.init:
            # The boot's session is the jail's: without a pid namespace (T3) the program, orphaned,
            # becomes our child.
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.killpg(self._boot_process.pid, signal.SIGKILL)
                while True:
                    os.waitpid(-self._boot_process.pid, 0)
            self.init = 0
