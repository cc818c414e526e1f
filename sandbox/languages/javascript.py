"""JavaScript: node runs the harness, which compiles and runs the program; nothing is cached."""

from typing import ClassVar

from sandbox.languages.toolchain import Step, Toolchain, Unit, answer, found, harness

_MIB = 2**20


class JavaScript(Toolchain):
    """A function declared at the top level or exported, or a whole program."""

    name: ClassVar[str] = "javascript"
    package: ClassVar[str] = "nodejs"
    runtime_bytes: ClassVar[int] = 384 * _MIB
    announces: ClassVar[bool] = False
    out_of_memory: ClassVar[tuple[bytes, ...]] = (
        b"JavaScript heap out of memory",
        b"Fatal process out of memory",
    )

    @classmethod
    def find(cls) -> "JavaScript | None":
        """Return node."""
        path = found("node")
        version = path and answer(path, "--version").removeprefix("v")
        return cls(path, version) if path and version else None

    def compile(self, unit: Unit) -> None:
        """Nothing: the harness finds a syntax error before the program runs."""

    def run(self, unit: Unit, memory_bytes: int) -> Step:
        """Start the harness beside the program."""
        mode = ("script",) if unit.script else ("calls", unit.entry_point, unit.returns)
        heap = max(16, memory_bytes // _MIB)
        argv = (
            self.compiler,
            f"--max-old-space-size={heap}",
            "--stack-size=4000",
            "/work/harness.js",
            *mode,
        )
        return Step(argv, {"harness.js": harness("harness.js"), "program.js": unit.source})
