"""Programs in the sandbox, batch by batch, however long it is away."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.client import SandboxClient
from sandbox.errors import SandboxUnavailable
from sandbox.types import Program, Result

log = logging.getLogger("actors.rollout")

_FIRST_PAUSE_SECONDS = 0.2
# How long a stopping actor still waits for what the sandbox is running.
_GRACE_SECONDS = 10.0


@dataclass(slots=True, eq=False)
class Run:
    """Programs that were submitted together."""

    programs: Sequence[Program]
    future: concurrent.futures.Future[list[Result]]


class Runs:
    """What one actor has in the sandbox; `stop` ends every wait."""

    def __init__(
        self, client: SandboxClient, stop: threading.Event, longest_pause_seconds: float
    ) -> None:
        self._client, self._stop = client, stop
        self._longest_pause = longest_pause_seconds
        self._in_flight: list[Run] = []

    def submit(self, programs: Sequence[Program]) -> Run:
        """Hand programs to the sandbox; returns at once."""
        run = Run(programs, self._client.submit(programs))
        self._in_flight.append(run)
        return run

    def results(self, run: Run) -> list[Result] | None:
        """Wait for a run's results, however long the sandbox is away; None when stopped meanwhile.

        An outage is said once, and everything that it failed is sent again.
        """
        pause, away = _FIRST_PAUSE_SECONDS, False
        try:
            while self._wait(run.future):
                try:
                    results = run.future.result()
                except SandboxUnavailable as error:
                    if not away:
                        log.warning("the sandbox is away, waiting for it: %s", error)
                    away = True
                    if self._stop.wait(pause):
                        return None
                    pause = min(2 * pause, self._longest_pause)
                    self._submit_again()
                else:
                    if away:
                        log.warning("the sandbox is back")
                    return results
            return None
        finally:
            self._in_flight.remove(run)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _submit_again(self) -> None:
        """Send what failed: an outage fails all that is in flight."""
        for run in self._in_flight:
            if run.future.done() and run.future.exception() is not None:
                run.future = self._client.submit(run.programs)

    def _wait(self, future: concurrent.futures.Future[list[Result]]) -> bool:
        """Wait until it is done; False when stopped and the grace is over."""
        stopped_for = 0.0
        while stopped_for < _GRACE_SECONDS:
            done, _ = concurrent.futures.wait([future], timeout=0.1)
            if done:
                return True
            stopped_for += 0.1 if self._stop.is_set() else 0.0
        future.cancel()
        return False
