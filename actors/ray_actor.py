"""An actor as a plain Ray actor."""

from __future__ import annotations

import textwrap
import threading
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import RayError

from actors.config import ActorsConfig
from actors.handle import Handle
from actors.rollout import RolloutActor
from actors.settings import ActorSettings

# Ray adds paragraphs of advice to its errors.
_REASON_CHARACTERS = 200


class RayRollout:
    """What runs inside the Ray worker: `stop` is called while `run` runs."""

    def __init__(self, settings: ActorSettings) -> None:
        self._settings = settings
        self._stop = threading.Event()

    def run(self) -> None:
        """Roll out until `stop`."""
        RolloutActor(self._settings, self._stop).run()

    def stop(self) -> None:
        """Let `run` finish."""
        self._stop.set()


def kept_off_gpus(actors: ActorsConfig) -> ActorsConfig:
    """Let an actor that reserves no GPU use none: Ray hides those of others from it no more."""
    if actors.num_gpus:
        return actors  # Ray shows it the one that it has
    return actors.model_copy(update={"device": "cpu"})


class RayHandle(Handle):
    """Restarts are the pool's, not Ray's: they are counted, and draw from a stream of their own."""

    def __init__(self, settings: ActorSettings) -> None:
        actors = settings.actors
        remote = ray.remote(RayRollout).options(
            num_cpus=actors.num_cpus, num_gpus=actors.num_gpus, max_restarts=0, max_concurrency=2
        )
        self._actor: Any = remote.remote(replace(settings, actors=kept_off_gpus(actors)))
        self._run: Any = self._actor.run.remote()

    def ended(self) -> str | None:
        """See `Handle.ended`."""
        ready, _ = ray.wait([self._run], timeout=0)
        if not ready:
            return None
        try:
            ray.get(self._run)
        except RayError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            reason = lines[-1] if lines else type(error).__name__
            return f"died ({textwrap.shorten(reason, _REASON_CHARACTERS)})"
        return "ended by itself"

    def ask_to_stop(self) -> None:
        """See `Handle.ask_to_stop`."""
        self._actor.stop.remote()

    def join(self, timeout_seconds: float) -> None:
        """See `Handle.join`."""
        ray.wait([self._run], timeout=timeout_seconds)
        ray.kill(self._actor)
