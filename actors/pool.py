"""The pool: keeps as many actors alive as the config says, as Ray actors or as processes.

pool = LocalPool(settings)        # or RayPool(settings), in a Ray cluster that is up
pool.start()
while training:
    state = pool.poll()           # starts dead actors again
pool.stop()
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass

from actors.handle import ActorsFailed, Handle
from actors.process import ProcessHandle
from actors.settings import ActorSettings

log = logging.getLogger(__name__)

_RESTART_WINDOW_SECONDS = 600.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class PoolState:
    """What a poll found."""

    alive: int
    """Actors that run, those that were just started again included."""

    restarts: int
    """Since the pool was started."""


class Pool(ABC):
    """Starts actors, replaces dead ones, stops them. Of one thread."""

    def __init__(self, settings: ActorSettings) -> None:
        self._settings = settings
        self._handles: list[Handle] = []
        self._starts: list[int] = []
        self._restarts = 0
        self._recent: deque[float] = deque()

    @property
    def state(self) -> PoolState:
        """What the last poll found; safe to ask from any thread."""
        return PoolState(len(self._handles), self._restarts)

    def start(self) -> None:
        """Start every actor; returns before they are ready."""
        count = self._settings.actors.num_actors
        self._starts = [0] * count
        self._handles = [self._launch(self._settings.numbered(i, 0)) for i in range(count)]

    def poll(self) -> PoolState:
        """Replace the actors that died.

        Raises:
            ActorsFailed: more of them died within ten minutes than `actors.max_restarts`.

        """
        for index, handle in enumerate(self._handles):
            end = handle.ended()
            if end is not None:
                self._restart(index, end)
        return self.state

    def stop(self) -> None:
        """Stop every actor: first all are asked, then waited for, then killed."""
        for handle in self._handles:
            handle.ask_to_stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for handle in self._handles:
            handle.join(max(0.1, deadline - time.monotonic()))
        self._handles = []

    def _restart(self, index: int, end: str) -> None:
        now = time.monotonic()
        while self._recent and self._recent[0] < now - _RESTART_WINDOW_SECONDS:
            self._recent.popleft()
        if len(self._recent) >= self._settings.actors.max_restarts:
            raise ActorsFailed(
                f"actor-{index} {end}; {len(self._recent)} actors were restarted within "
                f"{_RESTART_WINDOW_SECONDS:.0f} s, which is actors.max_restarts"
            )
        log.warning("actor-%d %s: starting it again", index, end)
        self._recent.append(now)
        self._restarts += 1
        self._starts[index] += 1
        self._handles[index] = self._launch(self._settings.numbered(index, self._starts[index]))

    @abstractmethod
    def _launch(self, settings: ActorSettings) -> Handle:
        """Start one actor."""


class LocalPool(Pool):
    """Actors as processes of this machine, without Ray."""

    def _launch(self, settings: ActorSettings) -> Handle:
        return ProcessHandle(settings)


class RayPool(Pool):
    """Plain Ray actors in the cluster that this process has joined."""

    def _launch(self, settings: ActorSettings) -> Handle:
        from actors.ray_actor import RayHandle  # the local runtime does without Ray

        return RayHandle(settings)
