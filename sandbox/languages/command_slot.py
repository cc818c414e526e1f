"""A slot for a language whose programs are exec'd: compiles in one jail, runs in another.

It speaks the same protocol to the dispatcher as `sandbox.slot.Slot`, but a run may take several
tasks of its keeper: preparing the toolchain (once for each jail), compiling, running. `finish`
returns None between them.
"""

import dataclasses
import hashlib
import json
import os
import socket
import time
from enum import Enum
from pathlib import Path

from sandbox.cgroups import Group
from sandbox.jail import child, command
from sandbox.jailed import Jail, SlotBrokenError, State
from sandbox.judge import Facts
from sandbox.languages.compiled import CompileCache, memory_file, seal, sealed
from sandbox.languages.messages import not_compiled
from sandbox.languages.payload import Payload
from sandbox.languages.toolchain import ARTEFACT, Step, Toolchain
from sandbox.plan import Run
from sandbox.tiers import Host
from sandbox.types import Limits

_BOOT = Path(__file__).parents[1] / "jail" / "command_boot.py"
_FOLDER_BYTES = 64 * 2**20
_PREPARE_BYTES = 256 * 2**20
_RUN_PROCESSES = 64
_COMPILE = Limits(cpu_seconds=15.0, wall_seconds=100.0, memory_bytes=2**30, output_bytes=2**18)
_PREPARE = dataclasses.replace(_COMPILE, cpu_seconds=60.0, wall_seconds=300.0)
_COMPILE_PROCESSES = 128
_GROUP_TASKS = 256
_MOST_TEXT = 500


class _Phase(Enum):
    PREPARE = "prepare"
    COMPILE = "compile"
    RUN = "run"


class CommandSlot(Jail):
    """A keeper: boots, takes one run at a time, tells the facts."""

    def __init__(
        self,
        index: int,
        host: Host,
        first_id: int,
        group: Group,
        group_bytes: int,
        toolchain: Toolchain,
        cache: CompileCache,
    ) -> None:
        """`group_bytes`: memory that all in the slot may use together, a net below finer limits."""
        self._host = host
        self._group_bytes = group_bytes
        self._toolchain = toolchain
        self._cache = cache
        self._made = -1
        super().__init__(index, first_id, group)

    def boot_command(self, control: int) -> list[str]:
        """See `Jail.boot_command`."""
        settings = {
            "control": control,
            "tier": self._host.tier,
            "shown": self._toolchain.shown,
            "compiler": self._toolchain.compiler,
        }
        return [self._host.interpreter.path, "-I", "-S", str(_BOOT), json.dumps(settings)]

    def _boot(self) -> None:
        self._prepared = 0
        super()._boot()

    def start(self, run: Run, limits: Limits) -> None:
        """Take a run.

        Raises:
            SlotBrokenError: the keeper does not take it.

        """
        self.state = State.BUSY
        self._payload = Payload.from_bytes(run.payload)
        self._stdin, self._limits = run.stdin, limits
        self._compile_seconds = 0.0
        self._key = self._digest()
        self._next()

    def _digest(self) -> bytes:
        """Return what the artefact depends on, all of it."""
        unit, toolchain = self._payload.unit, self._toolchain
        step = toolchain.compile(unit)
        parts = (toolchain.name, toolchain.version, toolchain.prepare(), step)
        return hashlib.sha256(repr(parts).encode()).digest()

    def _next(self) -> None:
        """Hand the keeper the next task of the run."""
        unit, steps = self._payload.unit, self._toolchain.prepare()
        if self._prepared < len(steps):
            self._phase = _Phase.PREPARE
            self._hand_over(steps[self._prepared], _PREPARE, [])
            return
        step = self._toolchain.compile(unit)
        artefact = None if step is None else self._cache.take(self._key)
        if step is not None and artefact is None:
            self._phase = _Phase.COMPILE
            self._drop_made()
            self._made = memory_file()
            self._hand_over(step, _COMPILE, [])
            return
        self._phase = _Phase.RUN
        step = self._toolchain.run(unit, self._limits.memory_bytes)
        extra = [] if artefact is None else [(self._toolchain.artefact_name, artefact)]
        self._hand_over(step, self._limits, extra)

    def _hand_over(self, step: Step, limits: Limits, extra: list[tuple[str, int]]) -> None:
        """Send one task with its descriptors, which are closed here."""
        pipes = [os.pipe() for _ in range(3)]
        self._listen([read for read, _ in pipes], limits.output_bytes)
        stdout, stderr, results = (write for _, write in pipes)
        runs = self._phase is _Phase.RUN
        if self._phase is _Phase.COMPILE:
            fourth = os.dup(self._made)
        else:
            fourth = sealed(self._payload.arguments if runs else b"")
        files = [*((name, sealed(data)) for name, data in step.files.items()), *extra]
        theirs = [sealed(self._stdin if runs else b""), stdout, stderr, results, fourth]
        theirs += [descriptor for _, descriptor in files]
        task = self._task(step, limits, [name for name, _ in files])
        self.began = time.monotonic() + max(0.0, limits.wall_seconds - self._limits.wall_seconds)
        self._group.limit(self._group_bytes, _GROUP_TASKS)
        try:
            socket.send_fds(self.channel, [json.dumps(task._asdict()).encode()], theirs)
        except OSError as error:
            raise SlotBrokenError(f"slot {self.index}: {error}") from error
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    def _task(self, step: Step, limits: Limits, files: list[str]) -> command.Task:
        runs, toolchain = self._phase is _Phase.RUN, self._toolchain
        data_bytes = limits.memory_bytes + (toolchain.runtime_bytes if runs else 0)
        return command.Task(
            argv=list(step.argv),
            env=step.env,
            files=files,
            folder_bytes=_PREPARE_BYTES if self._phase is _Phase.PREPARE else _FOLDER_BYTES,
            cpu_seconds=limits.cpu_seconds,
            wall_seconds=limits.wall_seconds,
            data_bytes=data_bytes,
            space_bytes=data_bytes if runs and toolchain.whole_space else 0,
            processes=_RUN_PROCESSES if runs else _COMPILE_PROCESSES,
            keep=ARTEFACT if self._phase is _Phase.COMPILE else "",
            opens_sockets=toolchain.opens_sockets,
            warm=self._phase is _Phase.PREPARE,
        )

    def finish(self) -> Facts | None:
        """Return the facts of the run that just ended; None: the next task of it began.

        Raises:
            SlotBrokenError: the keeper is gone, or can't make a jail.

        """
        ordered = self._killed
        reply = self._reply(command.REPLY.size)
        facts = self._facts(reply)
        *_, kept = command.REPLY.unpack(reply)
        if self._phase is _Phase.RUN:
            return self._done(facts)
        self._compile_seconds += facts.wall_seconds
        if self._phase is _Phase.PREPARE and not ordered:
            self._on_prepared(facts)
        elif ordered or not self._keep(kept):
            return self._done(not_compiled(facts))
        self._next()
        return None

    def _keep(self, kept: bool) -> bool:
        """Put what the compiler made into the cache, if it made it."""
        made, self._made = self._made, -1
        if kept:
            seal(made)
            self._cache.put(self._key, made)
        else:
            os.close(made)
        return kept

    def _facts(self, reply: bytes) -> Facts:
        status, ended, cpu_seconds, wall_seconds, peak_rss_bytes, _ = command.REPLY.unpack(reply)
        stdout, stderr, results = self._take_outputs()
        if self._phase is _Phase.RUN and self._toolchain.announces:
            results = child.COMPILED + bytes(4) + results
        said = any(text in stderr for text in self._toolchain.out_of_memory)
        exhausted = status != 0 and (said or self._group.oom_killed())
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
            out_of_memory=exhausted,
        )

    def _done(self, facts: Facts) -> Facts:
        self.state = State.IDLE
        return dataclasses.replace(facts, compile_seconds=self._compile_seconds)

    def _on_prepared(self, facts: Facts) -> None:
        if facts.status != 0:
            said = facts.stderr.decode(errors="replace").strip()[:_MOST_TEXT]
            said = said or f"wait status {facts.status}"
            raise SlotBrokenError(f"{self._toolchain.name} can't be prepared: {said}")
        self._prepared += 1

    def _drop_made(self) -> None:
        if self._made >= 0:
            os.close(self._made)
            self._made = -1

    def _end(self) -> None:
        self._drop_made()
        super()._end()
