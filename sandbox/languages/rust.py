"""Rust: rustc of the distribution, with the harness compiled once in each jail as a library."""

from typing import ClassVar

from sandbox.languages.toolchain import (
    ARTEFACT,
    WARM,
    Step,
    Toolchain,
    Unit,
    answer,
    found,
    harness,
)

_FLAGS = (
    *("--edition", "2021", "--sysroot", "/usr", "--cap-lints", "allow"),
    *("-C", "opt-level=1", "-C", "debuginfo=0", "-C", "linker=/usr/bin/gcc"),
)
_ENVIRONMENT = {"PATH": "/usr/bin", "TMPDIR": "/work/tmp"}


class Rust(Toolchain):
    """A function that the harness calls by its own parameter types, or a whole program."""

    name: ClassVar[str] = "rust"
    package: ClassVar[str] = "rustc"
    runtime_bytes: ClassVar[int] = 0
    whole_space: ClassVar[bool] = True

    @classmethod
    def find(cls) -> "Rust | None":
        """Return rustc."""
        path = found("rustc")
        words = answer(path, "--version").split() if path else []
        return cls(path, words[1]) if path and len(words) > 1 else None

    def prepare(self) -> tuple[Step, ...]:
        """Compile the harness."""
        argv = (self.compiler, *_FLAGS, "--crate-type", "rlib", "--crate-name", "treewright")
        return (
            Step(
                (*argv, "harness.rs", "-o", f"{WARM}/libtreewright.rlib"),
                {"harness.rs": harness("harness.rs")},
                _ENVIRONMENT,
            ),
        )

    def compile(self, unit: Unit) -> Step:
        """Compile the program as a module of a main of ours, or with its own."""
        source = unit.source if unit.script else unit.source + _call(unit).encode()
        argv = (self.compiler, *_FLAGS, "-C", "strip=symbols", "-o", ARTEFACT)
        if unit.script:
            return Step((*argv, "program.rs"), {"program.rs": source}, _ENVIRONMENT)
        library = ("--extern", f"treewright={WARM}/libtreewright.rlib")
        files = {"program.rs": source, "main.rs": _MAIN}
        return Step((*argv, *library, "main.rs"), files, _ENVIRONMENT)

    def run(self, unit: Unit, memory_bytes: int) -> Step:
        """Run the binary."""
        return Step(("/work/program",))


_MAIN = b"mod program;\nfn main() { treewright::serve(program::treewright_call); }\n"


def _call(unit: Unit) -> str:
    arguments = ", ".join(["from.next()"] * unit.parameters)
    return (
        "\npub fn treewright_call(from: &mut treewright::Reader, out: &mut Vec<u8>) {"
        f" treewright::Form::write(&{unit.entry_point}({arguments}), out) }}\n"
    )
