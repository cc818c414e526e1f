"""All slots of all languages: programs go in, results come out."""

import math
import os
import select
import time
from collections.abc import Callable

from sandbox import languages
from sandbox.config import SandboxConfig
from sandbox.errors import JailError
from sandbox.jailed import SlotBrokenError, State
from sandbox.jobs import Batch, Job
from sandbox.judge import Facts, judge
from sandbox.pool import AnySlot, Indices, Pool
from sandbox.requests import Request
from sandbox.types import Code, Result, Verdict

_TICK_SECONDS = 0.02
_SOON_SECONDS = 0.001
_BACKSTOP_SECONDS = 10.0
_MOST_ATTEMPTS = 3
_MOST_FAILED_BOOTS = 3
_SPARES = {languages.PYTHON: 1}
"""Slots beyond those that run: a jail boots in 50 ms or more, a spare is there."""


class Pools:
    """Hands programs to slots, one pool for each language, and judges what they did."""

    def __init__(
        self,
        config: SandboxConfig,
        names: tuple[str, ...],
        make_slot: Callable[[str, int], AnySlot],
        poller: select.epoll,
        finished: Callable[[Job, Result], None],
    ) -> None:
        """`finished` is told each program's result, in the order in which they end."""
        self._busy_factor = config.busy_factor
        self._cpus = len(os.sched_getaffinity(0))
        self._poller = poller
        self._finished = finished
        self.restarts = 0
        self.next_look = math.inf
        """When `look` is due, on the monotonic clock."""
        indices = Indices()
        self._pools = {
            name: Pool(
                name, config.slot_count(name), _SPARES.get(name, 0), make_slot, indices, poller
            )
            for name in names
        }
        self._running = [pool.running for pool in self._pools.values()]
        self._most_busy = self._share()

    def _share(self) -> float:
        """Return how many programs may run at once: more than one language can, less than all."""
        largest = max(pool.wanted for pool in self._pools.values())
        return self._busy_factor * max(largest, self._cpus)

    @property
    def waiting(self) -> int:
        """Programs that wait for a slot."""
        return sum(len(pool.queue) for pool in self._pools.values())

    @property
    def busy(self) -> int:
        """Slots that run a program."""
        return sum(map(len, self._running))

    @property
    def slots(self) -> int:
        """Slots, booting ones included, spares not."""
        return sum(min(len(pool), pool.wanted) for pool in self._pools.values())

    def start(self, language: str) -> None:
        """Boot every slot of a language and wait until they are there.

        Raises:
            JailError: one can't be built.

        """
        pool = self._pools[language]
        pool.fill()
        late = time.monotonic() + _BACKSTOP_SECONDS
        while pool.booting():
            for descriptor, _ in self._poller.poll(_BACKSTOP_SECONDS):
                self.on_event(descriptor)
            if time.monotonic() > late:
                raise JailError(f"the jails for {language} do not start")

    def close(self) -> None:
        """End every jail."""
        for pool in self._pools.values():
            pool.close()

    def add(self, job: Job) -> None:
        """Queue a program."""
        self._pools[job.request.language].queue.append(job)

    def cancel(self, batch: Batch) -> None:
        """Drop what waits of a batch and end what runs of it."""
        for pool in self._pools.values():
            pool.cancel(batch)

    def resize(self, language: str, slots: int) -> int | None:
        """Change a pool's size; returns the size before, None: no such language here."""
        pool = self._pools.get(language)
        if pool is None:
            return None
        before = pool.resize(slots)
        self._most_busy = self._share()
        self._look_by(time.monotonic() + _BACKSTOP_SECONDS)
        return before

    def _look_by(self, when: float) -> None:
        self.next_look = min(self.next_look, when)

    # Programs to slots.

    def hand_out(self) -> None:
        """Start programs, a language at a time in turn, while slots and room last."""
        waiting = [pool for pool in self._pools.values() if pool.queue]
        for pool in waiting:
            self._fill(pool)
        # Every language has its turn before any has a second one.
        while sum(self._start_next(pool) for pool in waiting if pool.queue and self._room()):
            pass

    def _fill(self, pool: Pool) -> None:
        if len(pool) < pool.wanted:
            try:
                pool.fill()
            except JailError as error:
                self._give_up(pool, error)
            self._look_by(time.monotonic() + _BACKSTOP_SECONDS)

    def _room(self) -> bool:
        """Whether one more program may run: languages together get no more than their share."""
        return sum(map(len, self._running)) < self._most_busy

    def _start_next(self, pool: Pool) -> bool:
        """Start the first program that anybody still waits for; False: there is no slot for it."""
        slot = pool.idle()
        if slot is None:
            return False
        while pool.queue:
            job = pool.queue.popleft()
            now = time.monotonic()
            if job.waited < 0:
                if now > job.batch.deadline:
                    late = f"program {job.request.id!r}: its deadline passed while it waited"
                    self._finished(job, job.refused(Code.DEADLINE_EXCEEDED, late))
                    continue
                job.waited = now - job.received
            self._start(pool, slot, job)
            return True
        pool.free(slot)
        return False

    def _start(self, pool: Pool, slot: AnySlot, job: Job) -> None:
        pool.running[slot] = job
        try:
            slot.start(job.request.runs[len(job.judgements)], job.request.limits)
        except SlotBrokenError as error:
            self._on_broken(pool, slot, error)
        else:
            self._look_by(slot.look_at)

    # What slots tell.

    def on_event(self, descriptor: int) -> None:
        """Take what a slot has to tell."""
        for pool in self._pools.values():
            slot = pool.slot(descriptor)
            if slot is not None:
                self._on_message(pool, slot)
                return

    def _on_message(self, pool: Pool, slot: AnySlot) -> None:
        if slot.state is State.BOOTING:
            self._on_boot(pool, slot)
            return
        if slot.state is State.IDLE:  # nothing is expected of it
            self._on_broken(pool, slot, SlotBrokenError(f"slot {slot.index}: the jail ended"))
            return
        try:
            facts = slot.finish()
        except SlotBrokenError as error:
            self._on_broken(pool, slot, error)
            return
        if facts is None:
            return
        job = pool.running.pop(slot)
        pool.free(slot)
        if pool.queue and self._room():  # first the next program, then the last one's verdict
            self._start_next(pool)
        self._on_run(pool, job, facts)

    def _on_boot(self, pool: Pool, slot: AnySlot) -> None:
        try:
            slot.on_boot_message()
        except JailError as error:
            pool.failed_boots += 1
            if pool.failed_boots >= _MOST_FAILED_BOOTS:
                self._give_up(pool, error)
            else:
                pool.reboot(slot)
            return
        if slot.state is State.IDLE:
            pool.failed_boots = 0
            pool.free(slot)

    def _give_up(self, pool: Pool, error: JailError) -> None:
        """Refuse a language's programs; without Python there is no sandbox."""
        if pool.language == languages.PYTHON:
            raise error
        jobs = [*pool.running.values(), *pool.queue]
        pool.close()
        pool.running.clear()
        pool.queue.clear()
        pool.failed_boots = 0
        for job in jobs:
            why = f"program {job.request.id!r}: no jail for {pool.language}: {error}"
            self._finished(job, job.refused(Code.UNAVAILABLE, why))

    def _on_run(self, pool: Pool, job: Job, facts: Facts) -> None:
        request = job.request
        run = request.runs[len(job.judgements)]
        judgement = judge(run, facts, request.limits.cpu_seconds)
        if judgement.verdict is Verdict.INTERNAL and job.attempts < _MOST_ATTEMPTS:
            job.attempts += 1
            self._again(pool, job)
            return
        job.judgements.append(judgement)
        job.facts.append(facts)
        if len(job.judgements) < len(request.runs):
            self._again(pool, job)
        else:
            self._finished(job, job.result())

    def _again(self, pool: Pool, job: Job) -> None:
        if not job.batch.cancelled:
            pool.queue.appendleft(job)

    def _on_broken(self, pool: Pool, slot: AnySlot, error: SlotBrokenError) -> None:
        """Reboot the slot; its program gets another chance, then INTERNAL."""
        job = pool.running.pop(slot, None)
        self.restarts += 1
        pool.reboot(slot)
        self._look_by(time.monotonic() + _BACKSTOP_SECONDS)
        if job is None:
            return
        job.attempts += 1
        if job.attempts < _MOST_ATTEMPTS:
            self._again(pool, job)
        else:
            self._finished(job, job.failed(str(error)))

    # What takes long.

    def look(self) -> None:
        """Empty the pipes of programs that take long; give up on jails that do not answer."""
        now = time.monotonic()
        self.next_look = math.inf
        for pool in self._pools.values():
            for slot, job in list(pool.running.items()):
                self._look_at_running(pool, slot, job.request, now)
            for slot in pool.booting():
                if slot.began + _BACKSTOP_SECONDS <= now:
                    broken = SlotBrokenError(f"slot {slot.index}: it does not start")
                    self._on_broken(pool, slot, broken)
                self._look_by(slot.began + _BACKSTOP_SECONDS)

    def _look_at_running(self, pool: Pool, slot: AnySlot, request: Request, now: float) -> None:
        if now >= slot.look_at:
            much = slot.drain()
            slot.look_at = now + (_SOON_SECONDS if much else _TICK_SECONDS)
        if now - slot.began > request.limits.wall_seconds + _BACKSTOP_SECONDS:
            broken = SlotBrokenError(f"slot {slot.index}: no answer in time")
            self._on_broken(pool, slot, broken)
        else:
            self._look_by(slot.look_at)
