"""What one actor is made from; plain data, so that it crosses into another process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from actors.config import ActorsConfig
from policy.config import ModelConfig
from replay.config import ReplayConfig
from sandbox.local import Access
from tasks.config import TasksConfig


@dataclass(frozen=True, slots=True)
class ActorSettings:
    """The parts of a run's config that an actor needs, and where its servers are."""

    run: str
    """Name of the run: its keys in Redis."""

    seed: int
    """Of the run; each actor, and each restart of it, draws from a stream of its own."""

    actors: ActorsConfig
    tasks: TasksConfig
    model: ModelConfig

    replay: ReplayConfig
    """With the URL of a server that is up."""

    sandbox: Access
    """How to reach the sandbox."""

    index: int = 0
    """Which actor of the pool."""

    start: int = 0
    """How often it was started before."""

    @property
    def name(self) -> str:
        """Name in trajectories, counters and logs; the same over restarts."""
        return f"actor-{self.index}"

    def numbered(self, index: int, start: int) -> Self:
        """Make the settings of one actor of the pool, its role applied."""
        return replace(self, index=index, start=start, actors=self.actors.of_actor(index))
