"""Java: one machine compiles, another runs; both start from archives of loaded classes (CDS)."""

import re
from pathlib import Path
from typing import ClassVar

from sandbox.languages.inference import arguments_bytes
from sandbox.languages.toolchain import ARTEFACT, WARM, Step, Toolchain, Unit, found, harness

_MIB = 2**20
_VERSION = re.compile(r'JAVA_VERSION="([^"]+)"')
_JAR = f"{WARM}/harness.jar"
_PROGRAM_JAR = "/work/program.jar"
_QUICK = (
    *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:-MaxFDLimit"),
    *("-XX:ReservedCodeCacheSize=32m", "-Xshare:auto", "-Xlog:disable", "-Xlog:all=off"),
)
_SAMPLE = b"""
import java.util.*;
import java.util.stream.*;
public class Sample {
    record Pair(long a, String b) {}
    static Object f(long n, List<Long> all, Map<String, Long> counts, Pair pair) {
        Map<String, Object> made = new HashMap<>(counts);
        made.put(String.format("%d", n), all.stream().map(x -> x + 1).collect(Collectors.toList()));
        StringBuilder text = new StringBuilder();
        for (char c : pair.b().toCharArray()) text.append(c);
        return new Object[] {made, text.toString(), 0.1, new long[] {1}, null};
    }
}
"""


class Java(Toolchain):
    """A method of any class, or a class with a main method."""

    name: ClassVar[str] = "java"
    package: ClassVar[str] = "default-jdk-headless"
    runtime_bytes: ClassVar[int] = 384 * _MIB
    opens_sockets: ClassVar[bool] = True
    artefact_name: ClassVar[str] = "program.jar"
    out_of_memory: ClassVar[tuple[bytes, ...]] = (
        b"java.lang.OutOfMemoryError: Java heap space",
        b"java.lang.OutOfMemoryError: GC overhead limit exceeded",
        b"insufficient memory for the Java Runtime Environment",
    )

    def __init__(self, home: Path, version: str) -> None:
        super().__init__(str(home / "bin" / "java"), version)
        self._home = home
        self._env = {"LD_LIBRARY_PATH": f"{home}/lib"}
        # Debian keeps a toolchain's settings outside of it, and links to them.
        links = (home / "lib" / "jvm.cfg", *(home / "conf").glob("*"))
        folders = {str(link.resolve().parent) for link in links if link.is_symlink()}
        self.shown = tuple(sorted(path for path in folders if path.startswith("/etc/")))[:1]

    @classmethod
    def find(cls) -> "Java | None":
        """Return the JDK that javac belongs to."""
        compiler = found("javac")
        home = Path(compiler).parent.parent if compiler else None
        if home is None or not (home / "release").exists():
            return None
        match = _VERSION.search((home / "release").read_text())
        return cls(home, match[1]) if match else None

    def prepare(self) -> tuple[Step, ...]:
        """Compile the harness, then write down which classes a compiler and a program load."""
        javac = (
            str(self._home / "bin" / "javac"),
            "-d",
            "/work/tmp",
            "-nowarn",
            "-XDignore.symbol.file",
        )
        jar = f"{self._home}/bin/jar --create --no-compress --file {_JAR} -C /work/tmp treewright"
        sources = {name: harness(name) for name in ("Harness.java", "Compile.java")}
        build = f"{' '.join(javac)} {' '.join(sources)} && {jar}"
        shell = ("/usr/bin/dash", "-c", build)
        dump = "-XX:ArchiveClassesAtExit="
        compiling = self._compiler(dump, "sample.java", "/work/sample.jar")
        running = self._runner(dump, 64, "/work/sample.jar", "calls", "/work/sample.jar", "f")
        sample = {"sample.java": _SAMPLE}
        both = f"{' '.join(compiling)} && {' '.join(running)} 3>/dev/null 4<sample.args"
        sample["sample.args"] = arguments_bytes((1, [1, 2], {"a": 1}, (3, "b")))
        return (
            Step(shell, sources, self._env),
            Step(("/usr/bin/dash", "-c", both), sample, self._env),
        )

    def compile(self, unit: Unit) -> Step:
        """Compile into a jar."""
        argv = self._compiler("-XX:SharedArchiveFile=", "program.java", ARTEFACT)
        return Step(argv, {"program.java": unit.source}, self._env)

    def run(self, unit: Unit, memory_bytes: int) -> Step:
        """Start the harness with the jar."""
        mode = (
            ("script", _PROGRAM_JAR) if unit.script else ("calls", _PROGRAM_JAR, unit.entry_point)
        )
        heap = max(8, memory_bytes // _MIB)
        argv = self._runner("-XX:SharedArchiveFile=", heap, _PROGRAM_JAR, *mode)
        return Step(argv, env=self._env)

    def _compiler(self, archive: str, source: str, target: str) -> tuple[str, ...]:
        options = (*_QUICK, "-Xmx512m", "-Xss16m", f"{archive}{WARM}/compile.jsa", "-cp", _JAR)
        return (self.compiler, *options, "treewright.Compile", source, target)

    def _runner(self, archive: str, heap: int, program: str, *words: str) -> tuple[str, ...]:
        options = (*_QUICK, f"-Xmx{heap}m", "-Xss16m", f"{archive}{WARM}/run.jsa")
        path = f"{_JAR}:{program}"
        return (self.compiler, *options, "-cp", path, "treewright.Harness", *words)
