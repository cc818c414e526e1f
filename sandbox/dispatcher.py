"""The trusted dispatcher: holds the expected values, hands out slots, sets the verdicts.

A process of its own, started by the front end and lean, because it starts the jails. It ends, and
every jail with it, when the front end does.
"""

import contextlib
import dataclasses
import json
import math
import select
import signal
import socket
import sys
import time
from collections.abc import Callable

from sandbox import languages, primitives
from sandbox.config import SandboxConfig
from sandbox.errors import JailError
from sandbox.jail.kernel import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, Kernel
from sandbox.jobs import Batch, Job
from sandbox.link import Kind, Unframer, frame
from sandbox.pool import AnySlot
from sandbox.pools import Pools
from sandbox.requests import RefusedError, Requests
from sandbox.slot import Slot
from sandbox.statistics import OfLanguage, Statistics
from sandbox.tiers import Host, group_primitives, probe
from sandbox.types import Language, Result, Verdict
from sandbox.v1 import opaque_pb2

_CHUNK = 1 << 20
_SOON_SECONDS = 0.001
# What a jail's control group holds besides the program: the zygote, and one that is on its way out.
_ZYGOTE_BYTES = 64 * 2**20
_ZYGOTE_TASKS = 8
_MOST_SLOTS = 1024


class Dispatcher:
    """One event loop over the front end and the slots of every language."""

    def __init__(
        self,
        front_end: socket.socket,
        config: SandboxConfig,
        known: tuple[Language, ...],
        make_slot: Callable[[str, int], AnySlot],
    ) -> None:
        self._front_end = front_end
        self._config = config
        self._requests = Requests(config, known)
        self._messages = Unframer()
        self._to_send: list[bytes] = []
        self._batches: dict[int, Batch] = {}
        self._poller = select.epoll()
        names = tuple(language.name for language in known if language.available)
        self._statistics = Statistics({name: OfLanguage() for name in names})
        self._pools = Pools(config, names, make_slot, self._poller, self._finished)
        self._pools.start(languages.PYTHON)
        self._poller.register(front_end, select.EPOLLIN)

    def run(self) -> None:
        """Serve until the front end goes away.

        Raises:
            JailError: a jail for Python can't be replaced.

        """
        try:
            while self._step():
                pass
        finally:
            self._pools.close()

    def _step(self) -> bool:
        for descriptor, _ in self._poller.poll(self._patience()):
            if descriptor != self._front_end.fileno():
                self._pools.on_event(descriptor)
            elif not self._take_messages():
                return False
        if time.monotonic() >= self._pools.next_look:
            self._pools.look()
        self._pools.hand_out()
        if self._to_send:
            self._front_end.sendall(b"".join(self._to_send))
            self._to_send.clear()
        return True

    def _patience(self) -> float:
        if self._pools.next_look == math.inf:
            return -1.0
        return max(_SOON_SECONDS, self._pools.next_look - time.monotonic())

    # The front end's messages.

    def _take_messages(self) -> bool:
        data = self._front_end.recv(_CHUNK)
        for kind, ticket, body in self._messages.feed(data):
            if kind is Kind.BATCH:
                self._accept(ticket, body)
            elif kind is Kind.CANCEL:
                self._cancel(ticket)
            elif kind is Kind.RESIZE:
                self._resize(ticket, body)
            elif kind is Kind.STATISTICS:
                self._tell_statistics(ticket)
        return bool(data)

    def _accept(self, ticket: int, body: bytes) -> None:
        now = time.monotonic()
        message = opaque_pb2.OpaqueStreamRequest.FromString(body)
        count = len(message.programs)
        deadline = now + message.timeout_seconds if message.timeout_seconds > 0 else math.inf
        batch = Batch(ticket, deadline, [b""] * count, count)
        self._batches[ticket] = batch
        for position, raw in enumerate(message.programs):
            try:
                job = Job(batch, position, self._requests.read(raw), now)
            except RefusedError as error:
                result = Result(error.id, Verdict.REFUSED, refusal=error.refusal)
                self._put(batch, position, result)
            else:
                self._pools.add(job)
        if not count:
            self._answer(batch)

    def _cancel(self, ticket: int) -> None:
        batch = self._batches.pop(ticket, None)
        if batch is not None:
            batch.cancelled = True
            self._pools.cancel(batch)

    def _resize(self, ticket: int, body: bytes) -> None:
        given = json.loads(body)
        language, slots = given["language"], given["slots"]
        if 0 < slots <= _MOST_SLOTS:
            before = self._pools.resize(language, slots)
            refused = f"{language!r} does not run here" if before is None else None
        else:
            before, refused = None, f"slots: must be 1 to {_MOST_SLOTS}, is {slots}"
        answer = json.dumps({"before": before, "refused": refused})
        self._to_send.append(frame(Kind.RESIZED, ticket, answer.encode()))

    def _tell_statistics(self, ticket: int) -> None:
        statistics, pools = self._statistics, self._pools
        statistics.waiting, statistics.busy = pools.waiting, pools.busy
        statistics.slots, statistics.restarts = pools.slots, pools.restarts
        self._to_send.append(frame(Kind.STATISTICS, ticket, statistics.to_json()))

    # Answers.

    def _finished(self, job: Job, result: Result) -> None:
        if job.batch.cancelled:
            return
        if result.verdict is not Verdict.REFUSED:
            self._statistics.answered(job.request.language, result)
        self._put(job.batch, job.position, result)

    def _put(self, batch: Batch, position: int, result: Result) -> None:
        if result.refusal is not None:
            self._statistics.refused[result.refusal.code.name] += 1
        if batch.put(position, result):
            self._answer(batch)

    def _answer(self, batch: Batch) -> None:
        del self._batches[batch.ticket]
        self._to_send.append(frame(Kind.ANSWER, batch.ticket, batch.answer()))


def main(descriptor: int, settings: str) -> None:
    """Probe, boot, tell the front end, serve."""
    kernel = Kernel()
    kernel.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(PR_SET_CHILD_SUBREAPER, 1)
    front_end = socket.socket(fileno=descriptor)
    config = SandboxConfig.from_json(settings)
    try:
        host = probe(config)
    except JailError as error:
        front_end.sendall(frame(Kind.FAILED, body=str(error).encode()))
        raise SystemExit(2) from error
    with contextlib.closing(host.groups):
        _serve(front_end, config, host)


def _serve(front_end: socket.socket, config: SandboxConfig, host: Host) -> None:
    first: list[Slot] = []

    def make_slot(language: str, index: int) -> AnySlot:
        if language != languages.PYTHON:
            return languages.new_slot(language, index, host, config)
        group = host.groups.create(f"slot-{index}")
        group.limit(config.maximum.memory_bytes + _ZYGOTE_BYTES, _ZYGOTE_TASKS)
        slot = Slot(index, host.tier, host.interpreter, config.zygote, config.first_id, group)
        first.append(slot)
        return slot

    known = languages.detect(host)
    try:
        dispatcher = Dispatcher(front_end, config, known, make_slot)
    except JailError as error:
        front_end.sendall(frame(Kind.FAILED, body=str(error).encode()))
        raise SystemExit(2) from error
    front_end.sendall(
        frame(Kind.READY, body=json.dumps(_ready(host, first[0].loop, known)).encode())
    )
    try:
        dispatcher.run()
    except JailError as error:
        sys.stderr.write(f"sandbox: a jail can't be replaced: {error}\n")
        raise SystemExit(1) from error


def _ready(host: Host, loop: str, known: tuple[Language, ...]) -> dict[str, object]:
    """Return what Describe tells of this host."""
    return {
        "tier": host.tier,
        "zygote": loop,
        "cgroup": host.groups.mode,
        "languages": [dataclasses.asdict(language) for language in known],
        "primitives": [
            dataclasses.asdict(item)
            for item in (*primitives.examine(), *group_primitives(host.groups))
        ],
    }


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
