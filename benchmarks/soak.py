"""A long run of programs whose verdicts are known, hostile ones among them.

    python -m benchmarks.soak [--programs 100000] [--load 2] [--tier T1]

Counts false verdicts, jails that were replaced and processes that were left, and holds memory and
descriptors of the server's processes in the last tenth against the first. `--load N`: N busy
processes for each CPU beside it. Ends with status 1 where anything is wrong.
"""

import argparse
import contextlib
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import measure, mix, watch
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Result
from tests.redteam.corpus_loader import Hostile

_CHUNK = 250
_MOST_GROWTH = 1.1
_GROWTH_BYTES = 4 * 2**20
_END_SECONDS = 20.0
_SHOWN, _SHOWN_TEXT = 20, 300
_BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: sum(range(10**6))"


@dataclass
class Report:
    """What a soak showed."""

    programs: int = 0
    seconds: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    replaced: int = 0
    strangers: set[int] = field(default_factory=set)
    samples: list[dict[str, watch.Held]] = field(default_factory=list)
    survivors: list[int] = field(default_factory=list)
    groups: list[Path] = field(default_factory=list)

    def growth(self) -> Iterator[tuple[str, watch.Held, watch.Held]]:
        """Each kind of process: what it held in the first tenth and in the last, the medians."""
        tenth = max(1, len(self.samples) // 10)
        for name in self.samples[0]:
            first, last = (
                watch.Held(
                    int(statistics.median(sample[name].memory_bytes for sample in part)),
                    int(statistics.median(sample[name].descriptors for sample in part)),
                )
                for part in (self.samples[:tenth], self.samples[-tenth:])
            )
            yield name, first, last

    def complaints(self) -> list[str]:
        """What is wrong; empty: nothing."""
        found = [f"false verdict: {line}" for line in self.wrong]
        for name, first, last in self.growth():
            if last.memory_bytes > _MOST_GROWTH * first.memory_bytes + _GROWTH_BYTES:
                found.append(f"{name}: memory grew from {first} to {last}")
            if last.descriptors > first.descriptors:
                found.append(f"{name}: descriptors grew from {first} to {last}")
        named = {
            "jails replaced": self.replaced,
            "processes left in jails": self.strangers,
            "processes left at the end": self.survivors,
            "groups left": self.groups,
        }
        return found + [f"{name}: {value}" for name, value in named.items() if value]


def soak(count: int, tier: str = "auto", load: int = 0) -> Report:
    """Run it on a server of its own, with `load` busy processes for each CPU beside."""
    report = Report(count)
    with busy(load), LocalServer(SandboxConfig(tier=tier)) as server:
        boss = watch.dispatcher(server)
        with SandboxClient(server.target, timeout_seconds=300) as client:
            _run(report, client, server)
        processes = [psutil.Process(pid) for pid in measure.tree(server.process.pid)]
    _, alive = psutil.wait_procs(processes, _END_SECONDS)
    report.survivors = [process.pid for process in alive]
    report.groups = watch.groups(boss.pid)
    return report


def _run(report: Report, client: SandboxClient, server: LocalServer) -> None:
    stream = mix.programs(report.programs, server.tier)
    jails, began = watch.jails(server), time.monotonic()
    while chunk := list(itertools.islice(stream, _CHUNK)):
        results = client.execute([one.program for one in chunk])
        _judge(report, chunk, results)
        now = watch.jails(server)
        report.replaced += len(now - jails)
        jails = now
        report.strangers |= {process.pid for process in watch.strangers(server)}
        report.samples.append(watch.held(server))
    report.seconds = time.monotonic() - began


def _judge(report: Report, chunk: list[Hostile], results: list[Result]) -> None:
    for one, result in zip(chunk, results, strict=True):
        report.verdicts[result.verdict] += 1
        if complaint := one.complaint(result):
            report.wrong.append(f"{one.name}: {complaint}: {result}")


@contextlib.contextmanager
def busy(each: int) -> Iterator[None]:
    """Keep every CPU busy with some processes that do nothing; they end with this one."""
    count = each * len(os.sched_getaffinity(0))
    processes = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def table(report: Report) -> str:
    """Return what it showed, in lines."""
    rate = report.programs / report.seconds
    lines = [f"{report.programs} programs in {report.seconds:.0f} s, {rate:.0f} programs/s"]
    lines += [f"    {verdict:<16}{count:>9}" for verdict, count in sorted(report.verdicts.items())]
    lines.append(f"{'false verdicts':<20}{len(report.wrong):>9}")
    lines.append(f"{'jails replaced':<20}{report.replaced:>9}")
    left = len(report.strangers) + len(report.survivors) + len(report.groups)
    lines.append(f"{'left behind':<20}{left:>9}")
    lines.append(f"{'first and last tenth':<20}{'MB':>9}{'MB':>9}{'files':>8}{'files':>8}")
    for name, first, last in report.growth():
        memory = f"{first.memory_bytes / 2**20:>9.1f}{last.memory_bytes / 2**20:>9.1f}"
        lines.append(f"    {name:<16}{memory}{first.descriptors:>8}{last.descriptors:>8}")
    return "\n".join(lines)


def main() -> None:
    """Run, print, keep; status 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--load", type=int, default=0, help="busy processes for each CPU")
    parser.add_argument("--tier", default="auto")
    parser.add_argument("--results", type=Path, default=measure.RESULTS)
    given = parser.parse_args()
    machine = measure.hardware()
    report = soak(given.programs, given.tier, given.load)
    print(table(report))
    complaints = report.complaints()
    for line in complaints[:_SHOWN]:
        print(line[:_SHOWN_TEXT])
    record = {
        "hardware": machine,
        "load": given.load,
        "programs": report.programs,
        "seconds": report.seconds,
        "verdicts": report.verdicts,
        "false_verdicts": len(report.wrong),
        "complaints": [line[:_SHOWN_TEXT] for line in complaints[:_SHOWN]],
    }
    print(f"kept in {measure.keep('soak', record, given.results)}")
    raise SystemExit(1 if complaints else 0)


if __name__ == "__main__":
    main()
