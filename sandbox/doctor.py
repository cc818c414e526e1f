"""`treewright sandbox doctor`: what this host offers, what is missing, and how to have it."""

import dataclasses
import json
import textwrap
from collections.abc import Iterable
from typing import TextIO

from sandbox.config import SandboxConfig
from sandbox.tiers import Report, examine

_NAME_COLUMNS = 24
_TEXT_COLUMNS = 76


def run(config: SandboxConfig, output: TextIO, *, as_json: bool) -> int:
    """Examine this host and write the report; return the exit status: 0 where a server can start.

    The process must have one thread: each means of isolation is tried in a fork of it.
    """
    report = examine(config)
    output.write(to_json(report) if as_json else to_table(report))
    return 0 if report.tier else 1


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
