"""Checks that the codec is exact: Python files are encoded, decoded and compared.

Files that CPython itself cannot parse are set aside and counted.
"""

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from policy.grammar import codec
from policy.grammar.errors import CodecError
from policy.grammar.grammar import Names, Root


@dataclass
class RoundtripReport:
    """What came of it; `share` is exact files over parsed ones."""

    files: int = 0
    exact: int = 0
    unparsable: list[Path] = field(default_factory=list)
    failures: list[tuple[Path, str]] = field(default_factory=list)
    actions: int = 0

    @property
    def share(self) -> float:
        """Between 0 and 1; 1 where there was no file to compare."""
        parsed = self.files - len(self.unparsable)
        return self.exact / parsed if parsed else 1.0


def roundtrip(paths: Iterable[Path]) -> RoundtripReport:
    """Check every file, and every `*.py` below every folder.

    Raises FileNotFoundError for a path that is neither.
    """
    report = RoundtripReport()
    for path in _files(paths):
        report.files += 1
        tree = _parse(path.read_bytes())
        if tree is None:
            report.unparsable.append(path)
            continue
        reason = check(tree, report)
        if reason is None:
            report.exact += 1
        else:
            report.failures.append((path, reason))
    return report


def _parse(source: bytes) -> ast.Module | None:
    """The tree, with type comments where they are well-formed; None if CPython refuses the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for type_comments in (True, False):
            try:
                return ast.parse(source, type_comments=type_comments)
            except (SyntaxError, ValueError):
                continue
    return None


def check(tree: ast.Module, report: RoundtripReport | None = None) -> str | None:
    """None where the tree comes back exactly, else what is wrong."""
    try:
        actions = codec.encode(tree, Names(), Root.MODULE)
        back = codec.decode(actions, Names(), Root.MODULE)
    except CodecError as error:
        return str(error)
    if report is not None:
        report.actions += len(actions)
    return difference(tree, back)


def difference(left: ast.AST, right: ast.AST) -> str | None:
    """A field in which two trees differ, None if `ast.dump` of both is the same; any depth."""
    stack: list[tuple[Any, Any, str]] = [(left, right, "the tree")]
    while stack:
        a, b, where = stack.pop()
        if type(a) is not type(b):
            return f"{where}: {type(a).__name__} became {type(b).__name__}"
        if isinstance(a, ast.AST):
            fields = [(getattr(a, n, None), getattr(b, n, None), n) for n in a._fields]
            stack += [(x, y, f"{type(a).__name__}.{n}") for x, y, n in fields]
        elif isinstance(a, list):
            if len(a) != len(b):
                return f"{where}: {len(a)} elements became {len(b)}"
            stack += [(x, y, where) for x, y in zip(a, b, strict=True)]
        # By text where numbers are not equal to themselves or to their negation: nan and -0.0.
        elif repr(a) != repr(b) if isinstance(a, float | complex) else a != b:
            return f"{where}: {a!r} became {b!r}"
    return None


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*.py") if p.is_file())
        elif path.is_file():
            yield path
        else:
            raise FileNotFoundError(f"{path}: no such file or folder")
