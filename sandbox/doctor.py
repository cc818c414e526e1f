"""`treewright sandbox doctor`: what this host offers, what is missing, and how to have it."""

import dataclasses
import json
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from sandbox import cgroups, languages, primitives
from sandbox.cgroups import Groups
from sandbox.config import SandboxConfig
from sandbox.errors import JailError
from sandbox.slot import Interpreter
from sandbox.tiers import (
    TIERS,
    Host,
    Tier,
    candidates,
    find_interpreter,
    group_primitives,
    no_jail,
    try_tier,
)
from sandbox.types import Language, Primitive

_C_LOOP = "install with a C compiler and Python's headers (apt install gcc python3-dev)"
_NAME_COLUMNS = 24
_TEXT_COLUMNS = 76


@dataclass(frozen=True, slots=True)
class Report:
    """All that decides what a server on this host does."""

    tiers: tuple[Tier, ...]
    tier: str
    """The one that a server with this configuration takes; empty: it can't start."""
    error: str
    """Why it can't start."""
    interpreter: str
    cgroup: str
    primitives: tuple[Primitive, ...]
    languages: tuple[Language, ...]


def run(config: SandboxConfig, output: TextIO, *, as_json: bool) -> int:
    """Examine this host and write the report; return the exit status: 0 where a server can start.

    The process must have one thread: each means of isolation is tried in a fork of it.
    """
    report = examine(config)
    output.write(to_json(report) if as_json else to_table(report))
    return 0 if report.tier else 1


def examine(config: SandboxConfig) -> Report:
    """Try everything, and say what a server with this configuration would take."""
    groups = cgroups.find()
    groups.close()
    try:
        interpreter = find_interpreter(config.interpreter)
    except JailError as error:
        means = _means(groups, "", config.zygote)
        return Report((), "", str(error), "", groups.mode, means, ())
    tiers = tuple(try_tier(name, interpreter, config) for name in TIERS)
    tried = [tier for tier in tiers if tier.name in candidates(config)]
    taken = next((tier for tier in tried if tier.available), None)
    return Report(
        tiers=tiers,
        tier=taken.name if taken else "",
        error="" if taken else no_jail({tier.name: tier.reason for tier in tried}),
        interpreter=f"{interpreter.path} ({interpreter.version})",
        cgroup=groups.mode,
        primitives=_means(groups, taken.loop if taken else "", config.zygote),
        languages=_languages(taken, interpreter, groups),
    )


def _means(groups: Groups, loop: str, wanted: str) -> tuple[Primitive, ...]:
    return (*primitives.examine(), *group_primitives(groups), _loop_primitive(loop, wanted))


def _loop_primitive(loop: str, wanted: str) -> Primitive:
    if loop == "c":
        return Primitive("C zygote loop", True, "", "")
    if not loop:
        return Primitive("C zygote loop", False, "no jail starts to try it in", "")
    if wanted == "python":
        return Primitive("C zygote loop", False, "sandbox.zygote is python", "zygote=auto")
    return Primitive("C zygote loop", False, "the extension is not built", _C_LOOP)


def _languages(
    taken: Tier | None, interpreter: Interpreter, groups: Groups
) -> tuple[Language, ...]:
    """Where no tier can be had: what a better host could run with the toolchains of this one."""
    return languages.detect(Host(taken.name if taken else TIERS[0], interpreter, groups, {}))


def to_json(report: Report) -> str:
    """Return the report as one JSON object."""
    return json.dumps(dataclasses.asdict(report), indent=2) + "\n"


def to_table(report: Report) -> str:
    """Return the report for people."""
    lines = [
        *_section("means of isolation", ((p.name, p.available, p.reason, p.enable)
                                         for p in report.primitives)),
        *_section("tiers", ((t.name, t.available, t.reason, "") for t in report.tiers)),
        *_section("languages", ((item.name, item.available, item.version, item.hint)
                                for item in report.languages)),
    ]  # fmt: skip
    if report.tier:
        loop = next(tier.loop for tier in report.tiers if tier.name == report.tier)
        lines.append(
            f"A server takes tier {report.tier}, control groups: {report.cgroup}, zygote loop:"
            f" {loop}, interpreter {report.interpreter}."
        )
    else:
        lines.append(f"No server can start: {report.error}")
    return "\n".join(lines) + "\n"


def _section(title: str, rows: Iterable[tuple[str, bool, str, str]]) -> list[str]:
    """Lines of one table; where something is missing, below it what to do."""
    lines = [title]
    for name, available, reason, enable in rows:
        mark = "yes" if available else "no "
        lines.append(f"  {name:<{_NAME_COLUMNS}} {mark}  {reason}".rstrip())
        if not available and enable:
            indent = " " * (_NAME_COLUMNS + 8)
            lines += textwrap.wrap(
                f"→ {enable}",
                _NAME_COLUMNS + 8 + _TEXT_COLUMNS,
                initial_indent=indent,
                subsequent_indent=indent + "  ",
            )
    return [*lines, ""]
