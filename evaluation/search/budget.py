"""What a search may spend: programs a task, and wall time."""

import time
from collections.abc import Callable


class Budget:
    """Programs drawn count: each is run unless its task has seen it.

    Time is looked at after every round.
    """

    def __init__(
        self,
        nodes: int,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`nodes`: programs for each task; `seconds`: for all tasks together, None: no limit."""
        self.nodes = nodes
        self._seconds, self._clock, self._began = seconds, clock, clock()

    @property
    def seconds(self) -> float:
        """Wall time since the search began."""
        return self._clock() - self._began

    @property
    def expired(self) -> bool:
        """Whether the time is over."""
        return self._seconds is not None and self.seconds >= self._seconds
