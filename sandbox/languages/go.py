"""Go: its compiler and linker called as they are, with the toolchain's own compiled packages."""

import re
from pathlib import Path
from typing import ClassVar

from sandbox.languages.toolchain import ARTEFACT, WARM, Step, Toolchain, Unit, found, harness

_MAIN = re.compile(rb"^func\s+main\s*\(", re.MULTILINE)
_SHELL = "/usr/bin/dash"


class Go(Toolchain):
    """A function of package main that the harness calls by reflection, or a whole program."""

    name: ClassVar[str] = "go"
    package: ClassVar[str] = "golang-go, of a version before 1.20"
    runtime_bytes: ClassVar[int] = 192 * 2**20
    out_of_memory: ClassVar[tuple[bytes, ...]] = (
        b"fatal error: runtime: out of memory",
        b"fatal error: runtime: cannot allocate memory",
        b"fatal error: out of memory",
    )

    def __init__(self, root: Path, tools: Path, packages: Path) -> None:
        super().__init__(str(tools / "compile"), _version(root))
        self._linker = str(tools / "link")
        self._packages = str(packages)

    @classmethod
    def find(cls) -> "Go | None":
        """Return the toolchain, if it brings its standard library compiled."""
        go = found("go")
        if go is None or found("dash") is None:
            return None
        root = Path(go).parent.parent
        tools = next(root.glob("pkg/tool/linux_*"), None)
        fmt = next(root.glob("pkg/linux_*/fmt.a"), None)
        if tools is None or fmt is None or not (root / "VERSION").exists():
            return None
        return cls(root, tools, fmt.parent)

    def prepare(self) -> tuple[Step, ...]:
        """Compile the harness."""
        argv = (self.compiler, "-p", "treewright", "-complete", "-pack", "-I", self._packages)
        return (
            Step(
                (*argv, "-o", f"{WARM}/treewright.a", "harness.go"),
                {"harness.go": harness("harness.go")},
            ),
        )

    def compile(self, unit: Unit) -> Step:
        """Compile and link; package initialisation of ours runs last and calls the entry point."""
        files = {"program.go": unit.source}
        if not unit.script:
            files["treewright_calls.go"] = _calls(unit)
        command = (
            f"{self.compiler} -p main -complete -pack -I {self._packages} -I {WARM}"
            f" -o tmp/main.a {' '.join(files)} &&"
            f" {self._linker} -s -w -L {self._packages} -L {WARM} -o {ARTEFACT} tmp/main.a"
        )
        return Step((_SHELL, "-c", command), files, {"TMPDIR": "/work/tmp"})

    def run(self, unit: Unit, memory_bytes: int) -> Step:
        """Run the binary; its collector knows the limit."""
        return Step(("/work/program",), env={"GOMEMLIMIT": str(memory_bytes)})


def _version(root: Path) -> str:
    return (root / "VERSION").read_text().split()[0].removeprefix("go")


def _calls(unit: Unit) -> bytes:
    main = b"" if _MAIN.search(unit.source) else b"func main() {}\n"
    return (
        b'package main\nimport "treewright"\n'
        b"func init() { treewright.Serve(%s) }\n" % unit.entry_point.encode() + main
    )
