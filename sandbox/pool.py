"""The slots of one language, and the programs that wait for one."""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from sandbox.jailed import State
from sandbox.jobs import Batch, Job
from sandbox.judge import Facts
from sandbox.plan import Run
from sandbox.types import Limits


class AnySlot(Protocol):
    """A jail that takes one run at a time, whatever the language."""

    index: int
    state: State
    began: float
    """When the boot or the run in hand began, on the monotonic clock."""
    look_at: float
    """When to call `drain` next, on the monotonic clock."""

    def fileno(self) -> int:
        """Return what to poll."""

    def on_boot_message(self) -> None:
        """Take a step of the boot; raises JailError."""

    def start(self, run: Run, limits: Limits) -> None:
        """Begin a run; raises SlotBrokenError."""

    def drain(self) -> bool:
        """Take what the program wrote so far; True: look again soon."""

    def kill(self) -> None:
        """End the run in hand."""

    def finish(self) -> Facts | None:
        """Return the facts of the run that ended, None: not over yet; raises SlotBrokenError."""

    def reboot(self) -> None:
        """Replace the jail by a new one."""

    def close(self) -> None:
        """End the jail and all in it."""


class Indices:
    """Numbers for slots, the smallest first: each stands for user ids that no other slot has."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self) -> int:
        """Return a free number."""
        index = next(n for n in range(len(self._taken) + 1) if n not in self._taken)
        self._taken.add(index)
        return index

    def give(self, index: int) -> None:
        """Make a number free."""
        self._taken.discard(index)


class Pool:
    """Boots `wanted` slots as soon as a program comes; hands out one program a slot.

    Spares are booted besides: while a broken slot boots again, one of them takes its programs.
    """

    def __init__(
        self,
        language: str,
        wanted: int,
        spares: int,
        make: Callable[[str, int], AnySlot],
        indices: Indices,
        poller: select.epoll,
    ) -> None:
        self.language = language
        self.wanted = wanted
        self.queue: deque[Job] = deque()
        self.running: dict[AnySlot, Job] = {}
        self.failed_boots = 0
        self._spares = spares
        self._make = make
        self._indices = indices
        self._poller = poller
        self._slots: dict[int, AnySlot] = {}  # by file descriptor
        self._idle: list[AnySlot] = []
        self._booting: set[AnySlot] = set()

    def __len__(self) -> int:
        """Return how many slots there are, booting ones included."""
        return len(self._slots)

    def __iter__(self) -> Iterator[AnySlot]:
        """Go through all slots."""
        return iter(list(self._slots.values()))

    def slot(self, descriptor: int) -> AnySlot | None:
        """Return the slot that a file descriptor belongs to."""
        return self._slots.get(descriptor)

    def booting(self) -> list[AnySlot]:
        """Return the slots that are not there yet."""
        return list(self._booting)

    def fill(self) -> None:
        """Boot what is missing.

        Raises:
            JailError: no slot can be made.

        """
        while len(self._slots) < self.wanted + self._spares:
            self._watch(self._make(self.language, self._indices.take()))

    def _watch(self, slot: AnySlot) -> None:
        self._slots[slot.fileno()] = slot
        self._booting.add(slot)
        self._poller.register(slot.fileno(), select.EPOLLIN)

    def _unwatch(self, slot: AnySlot) -> None:
        del self._slots[slot.fileno()]
        self._poller.unregister(slot.fileno())
        self._booting.discard(slot)
        if slot in self._idle:
            self._idle.remove(slot)

    def resize(self, wanted: int) -> int:
        """Change how many slots there are to be; returns how many there were to be before.

        Slots too many go at once where they are idle, else when their program ends.
        """
        before, self.wanted = self.wanted, wanted
        while self._idle and len(self._slots) > wanted + self._spares:
            self._close(self._idle[-1])
        if self._slots or self.queue:
            self.fill()
        return before

    def free(self, slot: AnySlot) -> None:
        """Take back a slot that is idle again, or let it go where there are too many."""
        self._booting.discard(slot)
        if len(self._slots) > self.wanted + self._spares:
            self._close(slot)
        else:
            self._idle.append(slot)

    def idle(self) -> AnySlot | None:
        """Return a slot to start a program on, the one used last; None where all are busy."""
        return self._idle.pop() if self._idle and len(self.running) < self.wanted else None

    def reboot(self, slot: AnySlot) -> None:
        """Replace a slot's jail by a new one.

        Raises:
            JailError: it can't be made.

        """
        self._unwatch(slot)
        slot.reboot()
        self._watch(slot)

    def _close(self, slot: AnySlot) -> None:
        self._unwatch(slot)
        slot.close()
        self._indices.give(slot.index)

    def close(self) -> None:
        """End every jail."""
        for slot in self:
            self._close(slot)

    def cancel(self, batch: Batch) -> None:
        """Drop a batch's programs that wait and end those that run."""
        if any(job.batch is batch for job in self.queue):
            self.queue = deque(job for job in self.queue if job.batch is not batch)
        for slot, job in self.running.items():
            if job.batch is batch:
                slot.kill()
