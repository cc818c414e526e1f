"""One slot: a jail's process seen from the dispatcher, and the run that it has in hand."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sandbox.cgroups import Group
from sandbox.errors import JailError
from sandbox.jail import zygote
from sandbox.judge import Facts
from sandbox.plan import Run
from sandbox.types import Limits

try:
    from sandbox.jail._loop import send_run, take_rest
except ImportError:
    from sandbox.run_io import send_run, take_rest

_BOOT = Path(__file__).parent / "jail" / "boot.py"
_CHUNK = 1 << 16
_SEND_SECONDS = 10.0
_REAP_SECONDS = 5.0
_FIRST_LOOK_SECONDS = 0.01


class SlotBrokenError(RuntimeError):
    """The zygote is gone or makes no sense: the slot must be rebooted."""


class State(Enum):
    """Where a slot is."""

    BOOTING = "booting"
    IDLE = "idle"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python that runs programs."""

    path: str
    prefix: str
    version: str


@dataclass(slots=True)
class _Output:
    """One pipe from the program, with what came so far."""

    descriptor: int
    data: bytes = b""


class Slot:
    """A jail: boots, takes one run at a time, tells the facts."""

    def __init__(
        self,
        index: int,
        tier: str,
        interpreter: Interpreter,
        loop: str,
        first_id: int,
        group: Group,
    ) -> None:
        """`loop`: the setting `zygote`; the attribute `loop` says which one serves.

        `group`: the control group for the jail, with its limits; the slot closes it.
        """
        self.index = index
        self.loop = ""
        self._wanted_loop = loop
        self._tier = tier
        self._interpreter = interpreter
        self._first_id = first_id + 2 * index
        self._group = group
        self._outputs: list[_Output] = []
        self.look_at = 0.0
        self._limit = 0
        self._overflowed = False
        self._killed = False
        self._boot()

    def _boot(self) -> None:
        self.state = State.BOOTING
        self.began = time.monotonic()
        self.zygote = 0
        """Process id of the jail's init, once it is there."""
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel.settimeout(_SEND_SECONDS)
        self._boot_process = subprocess.Popen(
            self.command(theirs.fileno()),
            env={"HOME": "/"},  # else a look for it would ask the network for the user
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()

    def command(self, control: int) -> list[str]:
        """Return the command that boots a jail and talks through the socket `control`."""
        settings = {
            "control": control,
            "tier": self._tier,
            "zygote": self._wanted_loop,
            "prefix": self._interpreter.prefix,
            "first_id": self._first_id,
        }
        words = [f"{name}={value}" for name, value in settings.items()]
        return [self._interpreter.path, "-I", "-S", str(_BOOT), *words]

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
        kind, rest = line[:1], line[1:]
        if kind == b"U":
            self._map_ids()
        elif kind == b"P":
            self.zygote = int(rest)
            self._boot_process.wait(_REAP_SECONDS)
            self._group.add(self.zygote)
            self.channel.sendall(b"G")
        elif kind == b"E":
            raise JailError(rest.decode(errors="replace"))
        elif kind == zygote.READY:
            self.loop = rest.decode()
            self.state = State.IDLE
        else:
            raise JailError("the jail ended while it started")

    def _map_ids(self) -> None:
        for name in ("uid_map", "gid_map"):
            try:
                Path(f"/proc/{self._boot_process.pid}/{name}").write_text(f"0 {self._first_id} 2")
            except OSError as error:
                raise JailError(f"{name}: {error.strerror}") from error
        self.channel.sendall(b"M")

    def start(self, run: Run, limits: Limits) -> None:
        """Hand a run to the zygote.

        Raises:
            SlotBrokenError: it does not take it.

        """
        request = zygote.REQUEST.pack(
            b"R",
            limits.cpu_seconds,
            limits.wall_seconds,
            limits.memory_bytes,
        )
        self._limit, self._overflowed, self._killed = limits.output_bytes, False, False
        self.state, self.began = State.BUSY, time.monotonic()
        self.look_at = self.began + _FIRST_LOOK_SECONDS
        try:
            pipes = send_run(self.channel.fileno(), request, run.payload, run.stdin)
        except OSError as error:
            raise SlotBrokenError(f"slot {self.index}: {error}") from error
        self._outputs = [_Output(descriptor) for descriptor in pipes]

    def drain(self) -> bool:
        """Take what the program wrote so far; True: there was much, so look again soon."""
        much, chunk = False, memoryview(bytearray(_CHUNK))
        for output in self._outputs:
            with contextlib.suppress(BlockingIOError):
                while count := os.preadv(output.descriptor, [chunk], -1, os.RWF_NOWAIT):
                    self._keep(output, chunk[:count])
                    much = much or count > _CHUNK // 2
                    if count < _CHUNK or self._overflowed:
                        break
        if self._overflowed:
            self.kill()
        return much

    def _keep(self, output: _Output, data: bytes | memoryview) -> None:
        room = self._limit + 1 - len(output.data)
        output.data += data[:room] if room > 0 else b""
        self._overflowed = self._overflowed or len(output.data) > self._limit

    def _take_rest(self, output: _Output) -> bytes:
        output.data += take_rest(output.descriptor, self._limit + 1 - len(output.data))
        self._overflowed = self._overflowed or len(output.data) > self._limit
        return output.data

    def kill(self) -> None:
        """Order the zygote to end the program."""
        if not self._killed:
            self._killed = True
            with contextlib.suppress(OSError):
                self.channel.send(zygote.KILL)

    def finish(self) -> Facts:
        """Return the facts of the run that just ended.

        Raises:
            SlotBrokenError: the zygote is gone.

        """
        try:
            reply = self.channel.recv(zygote.REPLY.size)
        except OSError as error:
            raise SlotBrokenError(f"slot {self.index}: {error}") from error
        if len(reply) != zygote.REPLY.size:
            raise SlotBrokenError(f"slot {self.index}: the jail ended")
        self._killed = True  # nobody is there to kill any more
        results, stdout, stderr = map(self._take_rest, self._outputs)
        self._outputs = []
        self.state = State.IDLE
        status, ended, cpu_seconds, wall_seconds, peak_rss_bytes = zygote.REPLY.unpack(reply)
        return Facts(
            status,
            ended,
            cpu_seconds,
            wall_seconds,
            peak_rss_bytes,
            results,
            stdout,
            stderr,
            self._overflowed,
        )

    def _close_outputs(self) -> None:
        for output in self._outputs:
            os.close(output.descriptor)
        self._outputs = []

    def reboot(self) -> None:
        """Replace the jail by a new one."""
        self._end()
        self._boot()

    def close(self) -> None:
        """End the jail and all in it."""
        self._end()
        self._group.close()

    def _end(self) -> None:
        self._close_outputs()
        self.channel.close()
        if self._boot_process.poll() is None:
            self._boot_process.kill()
            self._boot_process.wait()
        if self.zygote:
            # The boot's session is the jail's: without a pid namespace (T3) the program, orphaned,
            # becomes our child.
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.killpg(self._boot_process.pid, signal.SIGKILL)
                while True:
                    os.waitpid(-self._boot_process.pid, 0)
            self.zygote = 0
