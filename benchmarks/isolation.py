"""What isolation costs: one zygote confined as the sandbox does it, one not at all, turn by turn.

    python -m benchmarks.isolation [--programs 400] [--rounds 10] [--tier T1]

Both run the same loop, built from the same source, over the same trusted programs (five tests
each); the other one has no namespaces, root, ids, rlimits and filters. Its loop is compiled here,
for no build that is installed can leave them out. CPU is the zygote's and the programs', by the
scheduler's and the kernel's accounts; the dispatcher's part, the slot's input and output, is shown
beside it.
"""

import argparse
import os
import select
import statistics
import subprocess
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import sandbox
from sandbox.cgroups import Group
from sandbox.config import SandboxConfig
from sandbox.jail.kernel import PR_SET_CHILD_SUBREAPER, Kernel
from sandbox.jailed import State
from sandbox.plan import Run, plan
from sandbox.slot import Interpreter, Slot
from sandbox.tiers import find_interpreter
from sandbox.types import Limits, Program, Test

JAIL = Path(sandbox.__file__).parent / "jail"
FIRST_ID = SandboxConfig().first_id + 2000
LIMITS = Limits()
WARM = 50
SOURCE = """
def gcd(a, b):
    while b:
        a, b = b, a % b
    return a
"""
CASES = ((12, 18, 6), (7, 13, 1), (100, 75, 25), (0, 5, 5), (1071, 462, 21))
# What boot.py does, but for the isolation.
BARE_BOOT = """
import importlib.util, sys
sys.path.insert(0, {root!r})
spec = importlib.util.spec_from_file_location("sandbox.jail._loop", {library!r})
loop = sys.modules["sandbox.jail._loop"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loop)
loop.prepare()
import gc, os, random
from sandbox.jail import boot, zygote
for name in boot.PRELOADED:
    __import__(name)
control = {control}
os.write(control, b"P%d" % os.getpid())
os.read(control, 1)
zygote.warm_up(loop)
random.seed(0)
gc.collect()
gc.freeze()
zygote.serve(loop, control, b"", False, lambda: None)
"""


class Bare(Slot):
    """A slot whose zygote and programs are confined by nothing."""

    def __init__(self, interpreter: Interpreter, library: Path) -> None:
        self._library = str(library)
        super().__init__(1, "none", interpreter, "c", FIRST_ID, Group())

    def boot_command(self, control: int) -> list[str]:
        """Return the command that starts the zygote."""
        root = str(JAIL.parent.parent)
        code = BARE_BOOT.format(root=root, library=self._library, control=control)
        return [self._interpreter.path, "-I", "-S", "-c", code]

    def on_boot_message(self) -> None:
        """Take a step of the boot."""
        line = self.channel.recv(100)
        if line[:1] == b"P":  # there is no process between us and the zygote
            self.init = self._boot_process.pid
            self.channel.sendall(b"G")
        else:
            assert line == b"Rc\n", line
            self.state = State.IDLE


@dataclass
class Account:
    """What one slot's programs used, round by round, in milliseconds each."""

    name: str
    slot: Slot
    zygote: list[float] = field(default_factory=list)
    program: list[float] = field(default_factory=list)
    dispatcher: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    faults: list[float] = field(default_factory=list)

    def jail(self) -> float:
        """Zygote and program."""
        return statistics.median(map(sum, zip(self.zygote, self.program, strict=True)))

    def line(self) -> str:
        """Return the medians over the rounds."""
        zygote, program, dispatcher, wall, faults = map(
            statistics.median,
            (self.zygote, self.program, self.dispatcher, self.wall, self.faults),
        )
        return (
            f"{self.name:<12}{self.jail():.3f} ms CPU a program (zygote {zygote:.3f}, program"
            f" {program:.3f}), dispatcher {dispatcher:.3f}, wall {wall:.3f}, {faults:.0f} faults"
        )


def scheduled(pid: int) -> float:
    """CPU of one process, in milliseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def children_faults(pid: int) -> int:
    """Page faults of a process's children that ended."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[8])


def work(account: Account, run: Run, count: int) -> None:
    """Run a program so many times and enter what it used."""
    slot, poller = account.slot, select.poll()
    poller.register(slot, select.POLLIN)
    pid, cpu = slot.init, 0.0
    before = scheduled(pid), children_faults(pid), time.process_time(), time.monotonic()
    for _ in range(count):
        slot.start(run, LIMITS)
        poller.poll()
        facts = slot.finish()
        assert facts.status == 0
        cpu += facts.cpu_seconds
    after = scheduled(pid), children_faults(pid), time.process_time(), time.monotonic()
    zygote, faults, ours, wall = (new - old for new, old in zip(after, before, strict=True))
    account.zygote.append(zygote / count)
    account.program.append(1000 * cpu / count)
    account.faults.append(faults / count)
    account.dispatcher.append(1000 * ours / count)
    account.wall.append(1000 * wall / count)


def build(folder: Path) -> Path:
    """Compile the loop without confinement."""
    library = folder / "_loop.so"
    sources = sorted(str(path) for path in JAIL.glob("_*.c"))
    include = sysconfig.get_paths()["include"]
    flags = [
        "-std=c11",
        "-O2",
        "-fPIC",
        "-shared",
        "-Wl,-z,now",
        "-DTREEWRIGHT_UNCONFINED",
        f"-I{include}",
    ]
    subprocess.run(["cc", *flags, *sources, "-o", str(library)], check=True)
    return library


def boot(slot: Slot) -> Slot:
    """Wait until a slot is there."""
    while slot.state is State.BOOTING:
        slot.on_boot_message()
    return slot


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--tier", default="T1" if os.geteuid() == 0 else "T2")
    given = parser.parse_args()
    Kernel().prctl(PR_SET_CHILD_SUBREAPER, 1)
    interpreter = find_interpreter(None)
    [run] = plan(Program("p", SOURCE, "gcd", tuple(Test((a, b), c) for a, b, c in CASES)))
    with tempfile.TemporaryDirectory(prefix="treewright-") as folder:
        library = build(Path(folder))
        confined = Slot(0, given.tier, interpreter, "c", FIRST_ID, Group())
        accounts = [
            Account(f"tier {given.tier}", boot(confined)),
            Account("unconfined", boot(Bare(interpreter, library))),
        ]
    for account in accounts:
        work(Account(account.name, account.slot), run, WARM)
    for number in range(given.rounds):
        for account in accounts[:: 1 if number % 2 else -1]:
            work(account, run, given.programs)
    for account in accounts:
        print(account.line())
        account.slot.close()
    ratio = accounts[0].jail() / accounts[1].jail()
    print(f"cost of isolation: {100 * (ratio - 1):+.1f} % CPU")


if __name__ == "__main__":
    main()
