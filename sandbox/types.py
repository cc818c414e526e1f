"""What goes into the sandbox and what comes out, as plain Python.

with SandboxClient("127.0.0.1:7400") as client:
    [result] = client.execute([Program("p", source, "f", (Test((2, 3), 5),))])
    result.verdict is Verdict.PASSED
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Verdict(StrEnum):
    """How a program, or one test of it, ended."""

    PASSED = "PASSED"
    WRONG_ANSWER = "WRONG_ANSWER"
    COMPILE_ERROR = "COMPILE_ERROR"
    RUNTIME_ERROR = "RUNTIME_ERROR"
    TIME_LIMIT = "TIME_LIMIT"
    MEMORY_LIMIT = "MEMORY_LIMIT"
    OUTPUT_LIMIT = "OUTPUT_LIMIT"
    INTERNAL = "INTERNAL"
    """The sandbox's own fault, after retries: it says nothing about the program."""
    REFUSED = "REFUSED"
    """Not run at all: the result's `refusal` says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use, all its tests together (each stdio test is a run of its own)."""

    cpu_seconds: float = 2.0
    """CPU time, user and system. This limit decides; the wall limit is for programs that sleep."""
    wall_seconds: float = 20.0
    """Time on the clock."""
    memory_bytes: int = 256 * 2**20
    """Address space of the program's process, interpreter (about 20 MB) included."""
    output_bytes: int = 2**20
    """On each of: stdout, stderr, the returned values together."""


@dataclass(frozen=True, slots=True)
class Compare:
    """How a returned value is held against the expected one."""

    float_tolerance: float | None = None
    """Absolute and relative tolerance of numbers; None: exact, and 1.0 is not 1."""
    unordered: bool = False
    """The outermost list or tuple compares as a multiset."""


@dataclass(frozen=True, slots=True)
class Test:
    """One call of the entry point."""

    __test__ = False  # pytest would take it for a test class

    args: tuple[object, ...]
    expected: object


@dataclass(frozen=True, slots=True)
class StdioTest:
    """One run of the whole program; outputs compare without trailing white space."""

    stdin: str
    stdout: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Declared types of the entry point, written as in Python: `list[int]`, `float | None`."""

    parameters: tuple[str, ...]
    returns: str


@dataclass(frozen=True, slots=True)
class Program:
    """An untrusted program with its tests (calls, stdio runs, or assert statements)."""

    id: str
    source: str
    entry_point: str | None = None
    tests: tuple[Test | StdioTest, ...] = ()
    test_code: str | None = None
    language: str = "python"
    limits: Limits = field(default_factory=Limits)
    compare: Compare = field(default_factory=Compare)
    signature: Signature | None = None
    """None: the types are those of the tests' values."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """What one test showed."""

    __test__ = False  # pytest would take it for a test class

    verdict: Verdict
    security_violation: bool = False
    weak: bool = False
    """Checked inside the jail, so a cheat could have forged it."""
    actual: str = ""
    """Of a failed test: the returned value as a Python literal, truncated."""
    detail: str = ""
    """Exception type and message, signal name, or which limit."""


class Code(IntEnum):
    """Why something was not run: those of gRPC's status codes that the sandbox uses."""

    INVALID_ARGUMENT = 3
    """It makes no sense, or asks for more than the server's maxima."""
    DEADLINE_EXCEEDED = 4
    """It waited for a slot until nobody waited for it any more."""
    RESOURCE_EXHAUSTED = 8
    """More was sent than credits granted."""
    UNIMPLEMENTED = 12
    """A language that this server does not run."""
    UNAVAILABLE = 14
    """The server lost what it needs to run it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a program was not run."""

    code: Code
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """What one program showed."""

    id: str
    verdict: Verdict
    security_violation: bool = False
    tests: tuple[TestResult, ...] = ()
    detail: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_rss_bytes: int = 0
    stdout: str = ""
    stderr: str = ""
    queue_seconds: float = 0.0
    compile_seconds: float = 0.0
    """0 where the language has no compiler, or the server had the binary already."""
    refusal: Refusal | None = None
    """With verdict REFUSED only."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language and whether this host has it."""

    name: str
    version: str
    available: bool
    hint: str
    """The package to install where it is missing."""
    slots: int = 0
    """Programs of it that may run at the same time."""


@dataclass(frozen=True, slots=True)
class Primitive:
    """One means of isolation, and whether this host gives it."""

    name: str
    available: bool
    reason: str = ""
    """Why not, or what was found."""
    enable: str = ""
    """What to do to have it, where it is not there."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a server can do."""

    tier: str
    zygote: str
    """Loop that serves in the jail: "c" or "python"."""
    cgroup: str
    """"v2", "v1", or "rlimits": only rlimits."""
    slots: int
    """Of Python."""
    queue_capacity: int
    max_batch: int
    max_source_bytes: int
    default_limits: Limits
    maximum_limits: Limits
    languages: tuple[Language, ...]
    primitives: tuple[Primitive, ...]
