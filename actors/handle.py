"""One running actor, as the pool holds it."""

from __future__ import annotations

from abc import ABC, abstractmethod


class ActorsFailed(RuntimeError):  # noqa: N818 -- what happened, in the words of the log
    """Actors can't be kept alive; one line with the last one's end."""


class Handle(ABC):
    """One running actor."""

    @abstractmethod
    def ended(self) -> str | None:
        """Say how it ended, in a few words; None while it runs."""

    @abstractmethod
    def ask_to_stop(self) -> None:
        """Let it finish what it has in the sandbox; returns at once."""

    @abstractmethod
    def join(self, timeout_seconds: float) -> None:
        """Wait for its end; kill it when it takes longer."""
