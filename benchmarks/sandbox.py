"""The sandbox beside other ways to check programs: one run, the same programs and tests for all.

    python -m benchmarks.sandbox [--programs 600] [--rounds 3] [--peers FOLDER] [--tier T1]

Each program has five tests. All contenders take turns in each round, with as many programs at a
time as there are CPUs. Printed: programs per second, CPU of a program (every process counted),
cheats that were accepted, and the ratios; then one program at a time, a slot that comes back, and
what the benchmarks of the isolation and of the transport say.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks import cheats, measure, peers, watch
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Program, Test, Verdict

CPUS = len(os.sched_getaffinity(0))
SOURCE = """
def gcd(a, b):
    while b:
        a, b = b, a % b
    return a
"""
CASES = (
    ((12, 18), 6), ((7, 13), 1), ((100, 75), 25), ((0, 5), 5), ((1071, 462), 21),
)  # fmt: skip
GCD = peers.Job(SOURCE, "gcd", CASES)
PEER_SHARE = 5
"""A peer runs this many times fewer programs than we do: it takes longer for each."""
SLEEPER = Program("s", "import time\ndef f(): time.sleep(0.3)", "f", (Test((), None),))
SETTLE_SECONDS = 0.5
ROUND_SECONDS = 300.0
CHEAT_SECONDS = 30.0


@dataclass
class Contender:
    """One line of the table, summed over the rounds."""

    name: str
    programs: int = 0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    cheats: int = 0

    def add(self, programs: int, wall_seconds: float, cpu_seconds: float) -> None:
        """Add a round."""
        self.programs += programs
        self.wall_seconds += wall_seconds
        self.cpu_seconds += cpu_seconds

    @property
    def rate(self) -> float:
        """Programs per second."""
        return self.programs / self.wall_seconds

    @property
    def cpu_milliseconds(self) -> float:
        """CPU time of a program."""
        return 1000 * self.cpu_seconds / self.programs


def program(job: peers.Job, name: str) -> Program:
    """Return a job as our own service takes it."""
    return Program(name, job.source, job.entry_point, tuple(Test(*case) for case in job.cases))


def our_round(line: Contender, count: int, client: SandboxClient, server: LocalServer) -> None:
    """Run programs through gRPC, all processes of the server counted."""
    programs = [program(GCD, str(number)) for number in range(count)]
    before, began = measure.tree_seconds(server.process.pid), time.monotonic()
    results = client.execute(programs)
    wall = time.monotonic() - began
    if not all(result.verdict is Verdict.PASSED for result in results):
        raise SystemExit("the sandbox: a right program did not pass")
    line.add(count, wall, measure.tree_seconds(server.process.pid) - before)


def our_cheats(client: SandboxClient) -> int:
    """How many cheats the sandbox takes for right."""
    jobs = enumerate(cheats.jobs())
    results = client.execute([program(job, str(number)) for number, job in jobs])
    return sum(result.verdict is Verdict.PASSED for result in results)


def peer_round(line: Contender, name: str, count: int, folder: str) -> None:
    """Run programs through a peer."""
    answer = peers.ask(name, [GCD] * count, CPUS, folder, ROUND_SECONDS)
    if answer is None or not all(answer.passed):
        raise SystemExit(f"{peers.PEERS[name]}: a right program did not pass")
    line.add(count, answer.wall_seconds, answer.cpu_seconds)


def peer_cheats(name: str, folder: str) -> int:
    """How many cheats a peer takes for right; each meets a fresh one."""
    answers = [peers.ask(name, [job], 1, folder, CHEAT_SECONDS) for job in cheats.jobs()]
    return sum(answer is not None and all(answer.passed) for answer in answers)


def present(folder: str) -> list[str]:
    """Return the peers that are here; a line for each that is not."""
    found = []
    for name, title in peers.PEERS.items():
        if peers.ask(name, [GCD], 1, folder, CHEAT_SECONDS) is None:
            print(f"left out: {title}: {peers.module(name).INSTALL}")
        else:
            found.append(name)
    return found


def latency(client: SandboxClient, count: int) -> tuple[float, float]:
    """Median and 99th percentile of one small program at a time, in seconds."""
    one = program(GCD, "p")
    times = []
    for _ in range(count):
        began = time.perf_counter()
        client.execute([one])
        times.append(time.perf_counter() - began)
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def slot_back(tier: str, times: int = 10) -> float:
    """Seconds from the death of the only slot's jail to the next answer; the median."""
    found = []
    config = SandboxConfig(tier=tier, slots=1)
    with LocalServer(config) as server, SandboxClient(server.target) as client:
        one = program(GCD, "p")
        for _ in range(times):
            time.sleep(SETTLE_SECONDS)
            jail = _serving(client, server)
            client.execute([one] * 20)
            began = time.perf_counter()
            jail.kill()
            client.execute([one])
            found.append(time.perf_counter() - began)
    return statistics.median(found)


def _serving(client: SandboxClient, server: LocalServer) -> psutil.Process:
    """The jail that takes the programs, a spare may wait beside it: the one with a child."""
    sleeper = client.submit([SLEEPER])
    while not sleeper.done():
        if busy := [jail for jail in watch.jails(server) if jail.children()]:
            sleeper.result()
            return busy[0]
    raise SystemExit("the sandbox: no jail was seen to run a program")


def crash_and_next(client: SandboxClient, times: int = 50) -> float:
    """Seconds for a program that kills its own process and a small one after it; the median."""
    crash = Program("c", "import os\ndef gcd(a, b): os.abort()", "gcd", (Test((1, 2), 1),))
    found = []
    for _ in range(times):
        began = time.perf_counter()
        client.execute([crash])
        client.execute([program(GCD, "p")])
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def table(lines: Sequence[Contender]) -> str:
    """Return the figures in columns; the first line is ours."""
    rows = [f"{'':<40}{'programs/s':>11}{'CPU ms':>9}{'cheats':>8}{'ours/its':>10}"]
    rows += [
        f"{line.name:<40}{line.rate:>11.0f}{line.cpu_milliseconds:>9.2f}"
        f"{line.cheats:>8}{lines[0].rate / line.rate:>10.1f}"
        for line in lines
    ]
    return "\n".join(rows)


def compare(
    given: argparse.Namespace, client: SandboxClient, server: LocalServer
) -> list[Contender]:
    """Let all contenders take turns."""
    names = present(given.peers)
    ours = Contender(f"sandbox, tier {server.tier}, through gRPC")
    others = {name: Contender(peers.PEERS[name]) for name in names}
    our_round(Contender("warm"), 200, client, server)
    for _ in range(given.rounds):
        our_round(ours, given.programs, client, server)
        for name, line in others.items():
            peer_round(line, name, max(CPUS, given.programs // PEER_SHARE), given.peers)
    ours.cheats = our_cheats(client)
    for name, line in others.items():
        line.cheats = peer_cheats(name, given.peers)
    return [ours, *others.values()]


def others() -> dict[str, list[str]]:
    """Run the benchmarks of single parts, each in a process of its own; what they print."""
    said = {}
    for name in ("isolation", "transport"):
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"\n{name}:\n{answer.stdout}", end="")
        said[name] = answer.stdout.splitlines()
    return said


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=600, help="ours in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="", help="folder that the peers are installed in")
    parser.add_argument("--tier", default="auto")
    parser.add_argument("--results", type=Path, default=measure.RESULTS)
    given = parser.parse_args()
    machine = measure.hardware()
    with (
        LocalServer(SandboxConfig(tier=given.tier)) as server,
        SandboxClient(server.target) as client,
    ):
        lines = compare(given, client, server)
        print(f"\n{len(cheats.SOURCES)} cheats; {machine['cores']} x {machine['cpu']}")
        print(table(lines))
        median, worst = latency(client, 500)
        figures = {
            "median_seconds": median,
            "p99_seconds": worst,
            "crash_and_next_seconds": crash_and_next(client),
            "slot_back_seconds": slot_back(given.tier),
        }
    for name, value in figures.items():
        print(f"{name.removesuffix('_seconds').replace('_', ' '):<40}{1000 * value:>11.2f} ms")
    record = {
        "hardware": machine,
        "contenders": [asdict(line) for line in lines],
        **figures,
        **others(),
    }
    print(f"kept in {measure.keep('sandbox', record, given.results)}")


if __name__ == "__main__":
    main()
