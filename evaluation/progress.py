"""How far an evaluation is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Programs done, of all that may be needed. `seconds` is the wall time so far."""

    samples_judged: int
    samples_total: int
    seconds: float
