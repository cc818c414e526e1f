"""What a family draws: one program with its description and the domains of its parameters."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Domain:
    """The integers that a parameter takes in examples and tests, both ends included."""

    low: int
    high: int


SIGNED = Domain(-30, 60)
NATURAL = Domain(0, 60)
POSITIVE = Domain(1, 60)
COUNT = Domain(0, 24)
"""Ends of loops."""
LONG = Domain(0, 99_999)
"""Numbers taken apart into digits."""


@dataclass(frozen=True)
class Draft:
    """One program of a family. `body` is the function's body; its last lines return the result."""

    name: str
    params: tuple[tuple[str, Domain], ...]
    text: str
    body: str
    constants: tuple[int, ...] = ()
    """The numbers that this program was drawn with: inputs near them are tried, and some of them
    are kept for held-out tasks."""
    returns: str = "int"
    case: str = ""
    """An expression of the parameters that tells which case an input falls into, where results
    alone don't: examples and tests hold some of each."""

    @property
    def reference(self) -> str:
        """The whole program."""
        names = ", ".join(name for name, _ in self.params)
        return f"def {self.name}({names}):\n{textwrap.indent(self.body, '    ')}\n"


@dataclass(frozen=True)
class Family:
    """A concept with parameters: `draw` makes one draft of it."""

    name: str
    gist: str
    """What all of its drafts have in common, as users say it who leave the rest to the examples: no
    constant, no comparison, no start value."""
    draw: Callable[[Random], Draft]
    heldout: bool = False
    """Whether this family is never trained on (unless the config names others)."""


def params(names: str, domain: Domain) -> tuple[tuple[str, Domain], ...]:
    """Return parameters of one domain from their names, separated by blanks."""
    return tuple((name, domain) for name in names.split())
