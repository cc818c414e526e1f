"""One slot for Python programs: a zygote's jail, and the run that it has in hand."""

import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.cgroups import Group
from sandbox.jail import zygote
from sandbox.jailed import Jail, SlotBrokenError, State
from sandbox.judge import Facts
from sandbox.plan import Run
from sandbox.types import Limits

try:
    from sandbox.jail._loop import send_run
except ImportError:
    from sandbox.run_io import send_run

_BOOT = Path(__file__).parent / "jail" / "boot.py"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python that runs programs."""

    path: str
    prefix: str
    version: str


class Slot(Jail):
    """A zygote: boots, takes one run at a time, tells the facts."""

    def __init__(
        self,
        index: int,
        tier: str,
        interpreter: Interpreter,
        loop: str,
        first_id: int,
        group: Group,
    ) -> None:
        """`loop`: the setting `zygote`; the attribute `loop` says which one serves."""
        self._wanted_loop = loop
        self._tier = tier
        self._interpreter = interpreter
        super().__init__(index, first_id + 2 * index, group)

    def boot_command(self, control: int) -> list[str]:
        """See `Jail.boot_command`."""
        settings = {
            "control": control,
            "tier": self._tier,
            "zygote": self._wanted_loop,
            "prefix": self._interpreter.prefix,
            "first_id": self._first_id,
        }
        words = [f"{name}={value}" for name, value in settings.items()]
        return [self._interpreter.path, "-I", "-S", str(_BOOT), *words]

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
        self.state, self.began = State.BUSY, time.monotonic()
        try:
            pipes = send_run(self.channel.fileno(), request, run.payload, run.stdin)
        except OSError as error:
            raise SlotBrokenError(f"slot {self.index}: {error}") from error
        self._listen(pipes, limits.output_bytes)

    def finish(self) -> Facts:
        """Return the facts of the run that just ended.

        Raises:
            SlotBrokenError: the zygote is gone.

        """
        reply = self._reply(zygote.REPLY.size)
        results, stdout, stderr = self._take_outputs()
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
