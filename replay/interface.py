"""The trajectory store, as its users see it.

    # an actor                              # the learner
    replay = connect(config, run="local")   replay = connect(config, run="local")
    while True:                             while True:
        trajectory = rollout()                  leased = replay.reader.lease(64, timeout_seconds=5)
        replay.writer.append(trajectory)        train([one.trajectory for one in leased])
                                                replay.reader.acknowledge(
                                                    [one.entry_id for one in leased])

What it promises: an append that returned is stored until it is acknowledged; an entry that was
acknowledged never comes back; an id is stored once; an entry is leased to one reader at a time. A
reader that dies keeps its leases until somebody calls `reclaim`. A full buffer blocks its writers
and drops nothing.

The errors:

    ReplayError
    ├── RedisUnavailable     the server does not answer, or refuses us, for longer than configured
    ├── ReplayFull           no room came up before the writer's deadline: nothing is lost
    └── StaleVersion         weights were published under a version that is not newer
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from replay.v1.trajectory_pb2 import Trajectory


class ReplayError(Exception):
    """Anything that the store could not do."""


class RedisUnavailable(ReplayError):  # noqa: N818 -- a state of the server, read as one
    """The Redis server did not answer, or refused us; one line, without the password."""


class ReplayFull(ReplayError):  # noqa: N818 -- a state of the buffer
    """The buffer stayed full until the deadline; what was not stored may be appended again."""


class StaleVersion(ReplayError, ValueError):  # noqa: N818 -- a fact about the version
    """A published version must be above every version published before in this run."""


@dataclass(frozen=True, slots=True)
class Leased:
    """One entry that is ours until it is acknowledged or reclaimed."""

    entry_id: str
    """Names the entry in `acknowledge`, also in another process (put it into the checkpoint)."""

    trajectory: Trajectory


class Writer(ABC):
    """What an actor holds."""

    @abstractmethod
    def append(self, trajectory: Trajectory) -> bool:
        """Store one trajectory; False when its id was stored before.

        Safe to repeat: an append whose reply was lost stores nothing twice. Blocks while the buffer
        is full, at most for the configured time.

        Raises:
            ReplayFull: there was no room before the deadline.
            RedisUnavailable: the server stayed away for longer than the configured time.
            ValueError: it has no id, or is larger than the whole buffer.

        """

    @abstractmethod
    def append_all(self, trajectories: Sequence[Trajectory]) -> list[bool]:
        """`append` for a batch, in order, in one round trip where there is room.

        Raises what `append` raises; the same batch may then be appended again whole, and what was
        already stored answers False.
        """


class Reader(ABC):
    """What a learner holds."""

    @abstractmethod
    def lease(self, max_items: int, timeout_seconds: float) -> list[Leased]:
        """Take the oldest entries that nobody holds, at most `max_items`; they are now ours.

        Blocks until there is one, at most for `timeout_seconds`; then the list is empty.
        """

    @abstractmethod
    def acknowledge(self, entry_ids: Sequence[str]) -> int:
        """Delete entries for good; returns how many there were (unknown ids are passed over).

        Whoever trained on an entry may acknowledge it, also when its lease was reclaimed since, so
        that a learner which resumes from a checkpoint settles what that checkpoint has seen.
        """

    @abstractmethod
    def reclaim(self, idle_seconds: float) -> int:
        """Give back the leases that are older than `idle_seconds`; returns how many.

        They are leased again in the order in which they were appended.
        """

    @abstractmethod
    def depth(self) -> int:
        """Count the entries that wait for a reader."""

    @abstractmethod
    def leased(self) -> int:
        """Count the entries that a reader holds."""
