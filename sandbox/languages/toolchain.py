"""What a language must say of itself: how it is found, compiled, prepared and run."""

import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import ClassVar

from sandbox.jail.command import WARM, WORK

ARTEFACT = f"{WORK}/out"
"""What a compiler must make."""
_HARNESSES = Path(__file__).parent / "harness"
_VERSION_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Unit:
    """One program, as far as compiling and starting it goes."""

    source: bytes
    script: bool
    """Run as a whole, with its own main; else its entry point is called."""
    entry_point: str = ""
    parameters: int = 0
    """How many the entry point has."""
    returns: str = ""
    """Type of the returned values, as `sandbox.signature` writes it."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to exec in a jail."""

    argv: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    """Files to find in the folder that it starts in."""
    env: dict[str, str] = field(default_factory=dict)


class Toolchain(ABC):
    """One language on this host."""

    name: ClassVar[str]
    package: ClassVar[str]
    """Debian's package that has it."""
    runtime_bytes: ClassVar[int]
    """Memory that the language's runtime takes beside the program's own."""
    whole_space: ClassVar[bool] = False
    """Whether the address space can be limited too: the runtime reserves none for later."""
    announces: ClassVar[bool] = True
    """Whether a compiled program is known to be one; else its harness tells."""
    opens_sockets: ClassVar[bool] = False
    """Whether the runtime itself tries to, at its start."""
    artefact_name: ClassVar[str] = "program"
    """What the compiled program is called where it runs."""
    out_of_memory: ClassVar[tuple[bytes, ...]] = ()
    """What the runtime writes when it ends the program for want of memory."""
    shown: tuple[str, ...] = ()
    """Folders of the host outside /usr that the toolchain reads."""

    def __init__(self, compiler: str, version: str) -> None:
        self.compiler = compiler
        self.version = version

    @classmethod
    @abstractmethod
    def find(cls) -> "Toolchain | None":
        """Return the toolchain of this host, or None."""

    def prepare(self) -> tuple[Step, ...]:
        """Return what is run once in a new jail, to leave things in WARM."""
        return ()

    @abstractmethod
    def compile(self, unit: Unit) -> Step | None:
        """Return how ARTEFACT is made; None where nothing is compiled."""

    @abstractmethod
    def run(self, unit: Unit, memory_bytes: int) -> Step:
        """Return how the program is started."""


def harness(name: str) -> bytes:
    """Return one of the files that are compiled with, or run, every program."""
    return _harness(name)


@cache
def _harness(name: str) -> bytes:
    return (_HARNESSES / name).read_bytes()


def found(name: str) -> str | None:
    """Return the path of a program of the distribution; jails show /usr only."""
    path = Path("/usr/bin") / name
    if not path.exists():
        return None
    real = str(path.resolve())
    return real if real.startswith("/usr/") else None


def answer(*command: str) -> str:
    """Return the first line that a command writes; empty where it does not run."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            timeout=_VERSION_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return (done.stdout.splitlines() or [""])[0]


__all__ = ["ARTEFACT", "WARM", "WORK", "Step", "Toolchain", "Unit", "answer", "found", "harness"]
