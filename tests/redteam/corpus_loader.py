"""The red-team corpus: hostile programs as data, one a file, each with what must come of it.

A file begins with comment lines: first, in words, what the program tries; then its header.

    # Opens a socket of each family.
    # expect: RUNTIME_ERROR a forbidden system call
    # violation: yes
    # each: {"inet": "AF_INET", "unix": "AF_UNIX"}

`expect`: the verdicts allowed, separated by `|`, each with a text that its detail must hold.
`violation`: yes, no or any. The rest may be left out: `tests`: `[(args, expected), …]`, a literal,
`[((2,), 4)]` where absent; or `stdio`: `[(stdin, stdout), …]`; or `code`: assert statements, as a
literal; `entry`: the function, `f` where absent; `cpu`, `wall` (seconds), `memory` (bytes):
limits; `most_rss`: peak that it may reach (bytes); `compare`: `unordered` or a tolerance; `tiers`:
the only tiers that it is for; `machine`: the only machine; `each`: names and texts (a dict), or
texts alone (a list), put in turn where the file says `$EACH`; `build`: an expression whose value is
the source (`body`: the text of the file), for what no file can hold. A line that begins with four
spaces goes on with the one before.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.types import Compare, Limits, Program, Result, StdioTest, Test, Verdict

HERE = Path(__file__).parent
_LANGUAGES = {
    ".py": ("python", "#"),
    ".js": ("javascript", "//"),
    ".cpp": ("cpp", "//"),
    ".rs": ("rust", "//"),
    ".java": ("java", "//"),
    ".go": ("go", "//"),
}
_KEYS = (
    *("expect", "violation", "tests", "stdio", "code", "entry", "cpu", "wall", "memory"),
    *("most_rss", "compare", "tiers", "machine", "each", "build"),
)
_KEY_LINE = re.compile(r"([a-z_]+):(?: (.*))?")
_EACH = "$EACH"
_VIOLATION = {"yes": True, "no": False, "any": None}
_LIMITS = {"cpu": 0.4, "wall": 60.0, "memory": 256 * 2**20}


class CorpusError(ValueError):
    """A file of the corpus that makes no sense; names the file and the key."""


@dataclass(frozen=True)
class Expected:
    """One allowed end."""

    verdict: Verdict
    detail: str


@dataclass(frozen=True)
class Hostile:
    """A program and what must come of it."""

    name: str
    program: Program
    allowed: tuple[Expected, ...]
    violation: bool | None
    most_rss: int | None
    tiers: tuple[str, ...]
    machine: str

    def fits(self, tier: str, machine: str) -> bool:
        """Whether it is for this tier and machine."""
        return tier in self.tiers and self.machine in ("", machine)

    def complaint(self, result: Result) -> str:
        """What is wrong with a result; empty: nothing."""
        fits = any(
            result.verdict is one.verdict and one.detail in result.detail for one in self.allowed
        )
        if not fits:
            return f"expected {self.allowed}"
        if self.violation is not None and result.security_violation is not self.violation:
            return f"security_violation should be {self.violation}"
        if self.most_rss is not None and result.peak_rss_bytes > self.most_rss:
            return f"peak_rss_bytes should be at most {self.most_rss}"
        passed = [test.verdict is Verdict.PASSED for test in result.tests]
        if result.verdict is Verdict.PASSED and not (passed and all(passed)):
            return "PASSED with a test that is not"
        if result.verdict in (Verdict.COMPILE_ERROR, Verdict.INTERNAL) and any(passed):
            return "a test passed of a program that never ran"
        return ""


def load(folder: str) -> list[Hostile]:
    """Return every program below `tests/redteam/FOLDER`, in order of name.

    Raises:
        CorpusError: a file whose header is wrong, or two programs of one name.

    """
    found = [
        hostile
        for path in sorted((HERE / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
        for hostile in read(path.read_text("utf-8"), str(path.relative_to(HERE / folder)))
    ]
    names = [hostile.name for hostile in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise CorpusError(f"{sorted(twice)[0]}: two programs of this name")
    return found


def read(text: str, path: str) -> Iterator[Hostile]:
    """Yield the programs of one file.

    Raises:
        CorpusError: its header is wrong.

    """
    stem, suffix = Path(path).with_suffix("").as_posix(), Path(path).suffix
    if suffix not in _LANGUAGES:
        raise CorpusError(f"{path}: no language has files of this kind")
    language, mark = _LANGUAGES[suffix]
    header, body = _split(text, mark, path)
    if "each" not in header:
        yield _hostile(stem, language, header, body)
        return
    variants = _literal(header, "each", path)
    named = variants.items() if isinstance(variants, dict) else zip(variants, variants, strict=True)
    del header["each"]
    if _EACH not in text:
        raise CorpusError(f"{path}: each: nothing says {_EACH}")
    for name, value in named:
        filled = {key: held.replace(_EACH, value) for key, held in header.items()}
        yield _hostile(f"{stem}[{name}]", language, filled, body.replace(_EACH, value))


def _split(text: str, mark: str, path: str) -> tuple[dict[str, str], str]:
    """The header's keys, and the text of the whole file: line numbers stay."""
    header: dict[str, str] = {}
    words, key = "", ""
    for line in text.split("\n"):
        if not line.startswith(mark):
            break
        said = line[len(mark) :].removeprefix(" ")
        if said.startswith("    ") and key:
            header[key] += " " + said.strip()
        elif (match := _KEY_LINE.fullmatch(said)) is None:
            if key:
                raise CorpusError(f"{path}: {said!r}: words belong before the header")
            words += said
        else:
            key = match[1]
            if key not in _KEYS or key in header:
                raise CorpusError(f"{path}: {key}: unknown, or there twice")
            header[key] = match[2] or ""
    for needed in ("expect", "violation"):
        if needed not in header:
            raise CorpusError(f"{path}: {needed}: missing")
    if not words:
        raise CorpusError(f"{path}: the first line must say what the program tries")
    return header, text


def _hostile(name: str, language: str, header: dict[str, str], source: str) -> Hostile:
    if header["violation"] not in _VIOLATION:
        raise CorpusError(f"{name}: violation: {header['violation']!r} is none of yes, no, any")
    if "build" in header:
        allowed = {"__builtins__": {}, "body": source, "range": range, "chr": chr}
        source = eval(header["build"], allowed)
    return Hostile(
        name=name,
        program=_program(name, language, header, source),
        allowed=tuple(_expected(name, part) for part in header["expect"].split("|")),
        violation=_VIOLATION[header["violation"]],
        most_rss=int(header["most_rss"]) if "most_rss" in header else None,
        tiers=tuple(header.get("tiers", "T1 T2 T3").split()),
        machine=header.get("machine", ""),
    )


def _program(name: str, language: str, header: dict[str, str], source: str) -> Program:
    kinds = [key for key in ("tests", "stdio", "code") if key in header]
    if len(kinds) > 1:
        raise CorpusError(f"{name}: {kinds[0]} beside {kinds[1]}")
    tests: tuple[Test | StdioTest, ...] = (Test((2,), 4),)
    if kinds:
        held = _literal(header, kinds[0], name)
        make = StdioTest if "stdio" in kinds else Test
        tests = () if "code" in kinds else tuple(make(*pair) for pair in held)
    limit = {key: float(header.get(key, default)) for key, default in _LIMITS.items()}
    return Program(
        id=name,
        source=source,
        entry_point=None if "stdio" in kinds else header.get("entry", "f"),
        tests=tests,
        test_code=_literal(header, "code", name) if "code" in kinds else None,
        language=language,
        limits=Limits(limit["cpu"], limit["wall"], int(limit["memory"])),
        compare=_compare(header.get("compare", "")),
    )


def _expected(name: str, part: str) -> Expected:
    word, _, detail = part.strip().partition(" ")
    if word not in Verdict.__members__:
        raise CorpusError(f"{name}: expect: {word!r} is no verdict")
    return Expected(Verdict(word), detail)


def _compare(word: str) -> Compare:
    if word == "unordered":
        return Compare(unordered=True)
    return Compare(float_tolerance=float(word)) if word else Compare()


def _literal(header: dict[str, str], key: str, name: str) -> Any:
    try:
        return ast.literal_eval(header[key])
    except (ValueError, SyntaxError) as error:
        raise CorpusError(f"{name}: {key}: no literal: {error}") from error
