"""What the dispatcher counts, and how it tells the front end: plain numbers, as JSON."""

import json
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, Self

from sandbox.types import Code, Result, Verdict

EDGES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
"""Upper bounds of the histograms' buckets, in seconds; a last bucket takes the rest."""
VERDICTS = tuple(verdict.value for verdict in Verdict if verdict is not Verdict.REFUSED)
CODES = tuple(code.name for code in Code)


@dataclass(slots=True)
class Histogram:
    """Durations in seconds."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.buckets[bisect_left(EDGES, seconds)] += 1
        self.total += seconds


@dataclass(slots=True)
class OfLanguage:
    """The counts of one language's programs."""

    verdicts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    violations: int = 0
    queue: Histogram = field(default_factory=Histogram)
    compile: Histogram = field(default_factory=Histogram)
    run: Histogram = field(default_factory=Histogram)


@dataclass(slots=True)
class Statistics:
    """Counts since the start, and how things stand."""

    languages: dict[str, OfLanguage]
    refused: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CODES, 0))
    restarts: int = 0
    waiting: int = 0
    busy: int = 0
    slots: int = 0

    def answered(self, language: str, result: Result) -> None:
        """Count one result of a program that ran."""
        counts = self.languages[language]
        counts.verdicts[result.verdict] += 1
        counts.violations += result.security_violation
        counts.queue.add(result.queue_seconds)
        counts.compile.add(result.compile_seconds)
        counts.run.add(result.wall_seconds)

    def to_json(self) -> bytes:
        """Return all of it."""
        return json.dumps(self, default=_fields).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Return what `to_json` wrote."""
        held: dict[str, Any] = json.loads(text)
        made = {
            name: OfLanguage(
                counts["verdicts"],
                counts["violations"],
                *(Histogram(**counts[phase]) for phase in ("queue", "compile", "run")),
            )
            for name, counts in held.pop("languages").items()
        }
        return cls(languages=made, **held)


def _fields(value: object) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}  # type: ignore[attr-defined]
