"""Programs per second and CPU per program, beside plain `python -c` processes without isolation.

    python -m benchmarks.sandbox [--programs 600] [--mbpp FILE.jsonl]

Each program has five tests. The peer starts one interpreter a program, as many at a time as there
are CPUs, with the tests as assert statements: what a harness without a sandbox does.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Limits, Program, Test, Verdict

CPUS = len(os.sched_getaffinity(0))
SOURCE = """
def gcd(a, b):
    while b:
        a, b = b, a % b
    return a
"""
CASES = ((12, 18, 6), (7, 13, 1), (100, 75, 25), (0, 5, 5), (1071, 462, 21))


@dataclass(frozen=True)
class Measured:
    """One contender's run."""

    name: str
    programs: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Return programs per second."""
        return self.programs / self.wall_seconds

    def line(self) -> str:
        """Return the figures in columns."""
        per_program = 1000 * self.cpu_seconds / self.programs
        return f"{self.name:<34}{self.rate:>9.0f} programs/s{per_program:>9.2f} ms CPU a program"


def measured(
    name: str, programs: int, cpu: Callable[[], float], work: Callable[[], None]
) -> Measured:
    """Run the work between two readings of the clocks."""
    cpu_before, began = cpu(), time.monotonic()
    work()
    return Measured(name, programs, time.monotonic() - began, cpu() - cpu_before)


def peer(count: int) -> Measured:
    """Plain subprocesses."""
    asserts = "".join(f"assert gcd({a}, {b}) == {expected}\n" for a, b, expected in CASES)
    command = [sys.executable, "-c", SOURCE + asserts]

    def work() -> None:
        with ThreadPoolExecutor(CPUS) as pool:
            for _ in pool.map(lambda _: subprocess.run(command, check=True), range(count)):
                pass

    return measured("plain python -c (no isolation)", count, children_seconds, work)


def children_seconds() -> float:
    """Return the CPU time of this process's children that ended."""
    times = os.times()
    return times.children_user + times.children_system


def ours(count: int, client: SandboxClient, server: LocalServer) -> Measured:
    """The sandbox through gRPC, all processes of the server counted."""
    tests = tuple(Test((a, b), expected) for a, b, expected in CASES)
    programs = [Program(str(number), SOURCE, "gcd", tests) for number in range(count)]

    def work() -> None:
        results = client.execute(programs)
        assert all(result.verdict is Verdict.PASSED for result in results)

    name = f"sandbox, tier {server.tier}, through gRPC"
    return measured(name, count, lambda: tree_seconds(server.process.pid), work)


def tree_seconds(pid: int) -> float:
    """CPU of a process and all below it, those that ended included."""
    ticks, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            text = Path(f"/proc/{one}/stat").read_text().rpartition(") ")[2].split()
            children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(int(item) for item in text[11:15])
        waiting += [int(child) for child in children]
    return ticks / os.sysconf("SC_CLK_TCK")


def latency(client: SandboxClient) -> tuple[float, float]:
    """Median and 99th percentile of one small program at a time, in milliseconds."""
    program = Program("p", SOURCE, "gcd", tuple(Test((a, b), e) for a, b, e in CASES))
    times = []
    for _ in range(300):
        began = time.perf_counter()
        client.execute([program])
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def mbpp(path: Path, client: SandboxClient) -> str:
    """Reference solutions of MBPP: all must pass."""
    programs = []
    for line in path.read_text().splitlines():
        task = json.loads(line)
        defined = set(re.findall(r"^def (\w+)", task["code"], re.MULTILINE))
        called = re.findall(r"(\w+) ?\(", task["test_list"][0])
        entry = next(name for name in called if name in defined)
        code = "\n".join([task["test_setup_code"], *task["test_list"]])
        limits = Limits(cpu_seconds=20.0, wall_seconds=200.0)
        programs.append(Program(str(task["task_id"]), task["code"], entry, (), code, limits=limits))
    began = time.monotonic()
    results = client.execute(programs)
    passed = sum(result.verdict is Verdict.PASSED for result in results)
    rate = len(results) / (time.monotonic() - began)
    return f"MBPP references: {passed} of {len(results)} PASSED, {rate:.0f} programs/s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=600)
    parser.add_argument("--mbpp", type=Path)
    parser.add_argument("--tier", default="auto")
    given = parser.parse_args()
    with (
        LocalServer(SandboxConfig(tier=given.tier)) as server,
        SandboxClient(server.target) as client,
    ):
        ours(100, client, server)  # warm
        sandboxed = ours(given.programs, client, server)
        plain = peer(given.programs // 4)
        print(plain.line())
        print(sandboxed.line())
        print(f"ratio of programs/s: {sandboxed.rate / plain.rate:.1f}")
        print("one at a time: median {:.1f} ms, p99 {:.1f} ms".format(*latency(client)))
        if given.mbpp:
            print(mbpp(given.mbpp, client))


if __name__ == "__main__":
    main()
