"""The trusted dispatcher: holds the expected values, hands out slots, sets the verdicts.

A process of its own, started by the front end and lean, because it starts the jails. It ends, and
every jail with it, when the front end does.
"""

import dataclasses
import json
import select
import signal
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field

from sandbox.config import SandboxConfig
from sandbox.errors import JailError
from sandbox.jail.kernel import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, Kernel
from sandbox.judge import Facts, Judgement, judge
from sandbox.languages import known
from sandbox.link import Kind, Unframer, frame
from sandbox.plan import Run, plan
from sandbox.slot import Slot, SlotBrokenError, State
from sandbox.tiers import Host, probe
from sandbox.types import Code, Program, Refusal, Result, TestResult, Verdict
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.wire import program_from_message, result_to_message

_CHUNK = 1 << 20
_TICK_SECONDS = 0.02
_SOON_SECONDS = 0.001
_BACKSTOP_SECONDS = 10.0
_MOST_ATTEMPTS = 3
_SHOWN_BYTES = 4096


@dataclass(slots=True)
class Job:
    """A program on its way: its runs, and what those that ended showed."""

    ticket: int
    program: Program
    runs: tuple[Run, ...]
    received: float
    waited: float = -1.0
    attempts: int = 0
    cancelled: bool = False
    judgements: list[Judgement] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)


class Dispatcher:
    """One event loop over the front end and the slots."""

    def __init__(self, front_end: socket.socket, config: SandboxConfig, host: Host) -> None:
        self._front_end = front_end
        self._config = config
        self._messages = Unframer()
        self._queue: deque[Job] = deque()
        self._jobs: dict[int, Job] = {}
        self._running: dict[int, Job] = {}  # by slot
        self._restarts = 0
        self._poller = select.epoll()
        self._poller.register(front_end, select.EPOLLIN)
        self._slots: dict[int, Slot] = {}
        self._slot_list = [
            Slot(index, host.tier, host.interpreter, config.zygote, config.first_id)
            for index in range(config.slot_count())
        ]
        for slot in self._slot_list:
            self._watch(slot)

    def _watch(self, slot: Slot) -> None:
        self._slots[slot.fileno()] = slot
        self._poller.register(slot, select.EPOLLIN)

    def run(self) -> None:
        """Serve until the front end goes away."""
        try:
            while self._step():
                pass
        finally:
            for slot in self._slot_list:
                slot.close()

    def _step(self) -> bool:
        for descriptor, _ in self._poller.poll(self._patience()):
            if descriptor == self._front_end.fileno():
                if not self._take_messages():
                    return False
            else:
                self._on_slot(self._slots[descriptor])
        self._look_at_running()
        self._look_at_booting()
        self._hand_out()
        return True

    def _patience(self) -> float:
        if not self._running:
            booting = any(slot.state is State.BOOTING for slot in self._slot_list)
            return _BACKSTOP_SECONDS if booting else -1.0
        next_look = min(self._slot_list[index].look_at for index in self._running)
        return max(_SOON_SECONDS, next_look - time.monotonic())

    def _take_messages(self) -> bool:
        data = self._front_end.recv(_CHUNK)
        for kind, ticket, body in self._messages.feed(data):
            if kind is Kind.PROGRAM:
                self._accept(ticket, body)
            elif kind is Kind.CANCEL:
                self._cancel(ticket)
        return bool(data)

    def _accept(self, ticket: int, body: bytes) -> None:
        message = pb.Program.FromString(body)
        try:
            program = program_from_message(message, self._config.limits)
            job = Job(ticket, program, plan(program), time.monotonic())
        except ValueError as error:
            refusal = Refusal(Code.INVALID_ARGUMENT, str(error).encode(errors="replace").decode())
            self._answer(ticket, Result(message.id, Verdict.REFUSED, refusal=refusal))
            return
        self._jobs[ticket] = job
        self._queue.append(job)

    def _cancel(self, ticket: int) -> None:
        job = self._jobs.get(ticket)
        if job is not None:
            job.cancelled = True
            for index, running in self._running.items():
                if running is job:
                    self._slot_list[index].kill()

    def _answer(self, ticket: int, result: Result) -> None:
        self._jobs.pop(ticket, None)
        body = result_to_message(result).SerializeToString()
        self._front_end.sendall(frame(Kind.RESULT, ticket, body))

    def _hand_out(self) -> None:
        for slot in self._slot_list:
            while slot.state is State.IDLE and self._queue:
                job = self._queue.popleft()
                if job.cancelled:
                    self._jobs.pop(job.ticket, None)
                    continue
                if job.waited < 0:
                    job.waited = time.monotonic() - job.received
                self._start(slot, job)

    def _start(self, slot: Slot, job: Job) -> None:
        self._running[slot.index] = job
        try:
            slot.start(job.runs[len(job.judgements)], job.program.limits)
        except SlotBrokenError as error:
            self._on_broken(slot, error)

    def _on_slot(self, slot: Slot) -> None:
        if slot.state is State.BOOTING:
            slot.on_boot_message()
            return
        if slot.state is State.IDLE:  # nothing is expected of it
            self._on_broken(slot, SlotBrokenError(f"slot {slot.index}: the jail ended"))
            return
        try:
            facts = slot.finish()
        except SlotBrokenError as error:
            self._on_broken(slot, error)
            return
        self._on_run(self._running.pop(slot.index), facts)

    def _on_run(self, job: Job, facts: Facts) -> None:
        run = job.runs[len(job.judgements)]
        judgement = judge(run, facts, job.program.limits.cpu_seconds)
        if judgement.verdict is Verdict.INTERNAL and job.attempts < _MOST_ATTEMPTS:
            job.attempts += 1
            self._queue.appendleft(job)
            return
        job.judgements.append(judgement)
        job.facts.append(facts)
        if len(job.judgements) < len(job.runs) and not job.cancelled:
            self._queue.appendleft(job)
        else:
            self._answer(job.ticket, combine(job))

    def _on_broken(self, slot: Slot, error: SlotBrokenError) -> None:
        """Reboot the slot; its program gets another chance, then INTERNAL."""
        job = self._running.pop(slot.index, None)
        del self._slots[slot.fileno()]
        self._poller.unregister(slot)
        slot.reboot()
        self._watch(slot)
        self._restarts += 1
        self._front_end.sendall(frame(Kind.RESTARTS, body=str(self._restarts).encode()))
        if job is None:
            return
        job.attempts += 1
        if job.attempts < _MOST_ATTEMPTS:
            self._queue.appendleft(job)
        else:
            self._answer(job.ticket, Result(job.program.id, Verdict.INTERNAL, detail=str(error)))

    def _look_at_running(self) -> None:
        """Empty the pipes of programs that take long; give up on a jail that does not answer."""
        now = time.monotonic()
        for index, job in list(self._running.items()):
            slot = self._slot_list[index]
            if now >= slot.look_at:
                much = slot.drain()
                slot.look_at = now + (_SOON_SECONDS if much else _TICK_SECONDS)
            if now - slot.began > job.program.limits.wall_seconds + _BACKSTOP_SECONDS:
                self._on_broken(slot, SlotBrokenError(f"slot {index}: no answer in time"))

    def _look_at_booting(self) -> None:
        late = time.monotonic() - _BACKSTOP_SECONDS
        for slot in self._slot_list:
            if slot.state is State.BOOTING and slot.began < late:
                self._on_broken(slot, SlotBrokenError(f"slot {slot.index}: it does not start"))

    def wait_until_ready(self) -> None:
        """Boot every slot.

        Raises:
            JailError: one can't be built.

        """
        while any(slot.state is State.BOOTING for slot in self._slot_list):
            for descriptor, _ in self._poller.poll(_BACKSTOP_SECONDS):
                if descriptor == self._front_end.fileno():
                    raise SystemExit(0)
                self._slots[descriptor].on_boot_message()


def combine(job: Job) -> Result:
    """One result of a job's runs: costs add up, the first run that failed decides."""
    tests: tuple[TestResult, ...] = tuple(t for item in job.judgements for t in item.tests)
    failed = [item for item in job.judgements if item.verdict is not Verdict.PASSED]
    decisive = failed[0] if failed else job.judgements[0]
    shown = job.facts[job.judgements.index(decisive)]
    return Result(
        id=job.program.id,
        verdict=decisive.verdict,
        security_violation=any(item.security_violation for item in job.judgements),
        tests=tests,
        detail=decisive.detail,
        cpu_seconds=sum(facts.cpu_seconds for facts in job.facts),
        wall_seconds=sum(facts.wall_seconds for facts in job.facts),
        peak_rss_bytes=max(facts.peak_rss_bytes for facts in job.facts),
        stdout=_shown(shown.stdout),
        stderr=_shown(shown.stderr),
        queue_seconds=job.waited,
        compile_seconds=sum(facts.compile_seconds for facts in job.facts),
    )


def _shown(output: bytes) -> str:
    return output[:_SHOWN_BYTES].decode("utf-8", "replace")


def main(descriptor: int, settings: str) -> None:
    """Probe, boot, tell the front end, serve."""
    kernel = Kernel()
    kernel.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(PR_SET_CHILD_SUBREAPER, 1)
    front_end = socket.socket(fileno=descriptor)
    config = SandboxConfig.from_json(settings)
    try:
        host = probe(config)
        dispatcher = Dispatcher(front_end, config, host)
        dispatcher.wait_until_ready()
    except JailError as error:
        front_end.sendall(frame(Kind.FAILED, body=str(error).encode()))
        raise SystemExit(2) from error
    ready = {
        "tier": host.tier,
        "zygote": "python",
        "cgroup": "none",
        "languages": [dataclasses.asdict(item) for item in known(host.interpreter.version)],
        "primitives": [],
    }
    front_end.sendall(frame(Kind.READY, body=json.dumps(ready).encode()))
    try:
        dispatcher.run()
    except JailError as error:
        sys.stderr.write(f"sandbox: a jail can't be replaced: {error}\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
