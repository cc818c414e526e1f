"""Both loops of the zygote, driven through a slot as the dispatcher does it."""

import importlib.util
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.cgroups import Group
from sandbox.config import SandboxConfig
from sandbox.errors import JailError
from sandbox.jail import child, zygote
from sandbox.jail.kernel import PR_SET_CHILD_SUBREAPER, Kernel
from sandbox.jailed import SlotBrokenError, State
from sandbox.judge import Facts, judge
from sandbox.plan import plan
from sandbox.slot import Slot
from sandbox.tiers import find_interpreter
from sandbox.types import Limits, Program, StdioTest, Test, Verdict

BUILT = importlib.util.find_spec("sandbox.jail._loop") is not None
FIRST_ID = SandboxConfig().first_id + 1000
PATIENCE = 30.0
LIMITS = Limits(cpu_seconds=5.0, wall_seconds=20.0)
MARK = "a-mark-that-only-one-program-holds"


@pytest.fixture(
    scope="module",
    params=["python", pytest.param("c", marks=pytest.mark.skipif(not BUILT, reason="not built"))],
)
def running(request: pytest.FixtureRequest) -> Iterator[Slot]:
    kernel = Kernel()
    kernel.prctl(PR_SET_CHILD_SUBREAPER, 1)  # as the dispatcher is
    slot = make(request.param)
    yield slot
    slot.close()
    kernel.prctl(PR_SET_CHILD_SUBREAPER, 0)


@pytest.fixture
def slot(running: Slot) -> Iterator[Slot]:
    """The slot, idle; and idle or replaced after the test."""
    yield running
    assert outcome(running, "def f(x): return 2 * x") is Verdict.PASSED


def make(loop: str) -> Slot:
    tier = "T1" if os.geteuid() == 0 else "T2"
    slot = Slot(0, tier, find_interpreter(None), loop, FIRST_ID, Group())
    boot(slot)
    assert slot.loop == loop
    return slot


def boot(slot: Slot) -> None:
    slot.channel.settimeout(PATIENCE)
    while slot.state is State.BOOTING:
        slot.on_boot_message()


def start(slot: Slot, source: str, tests: int = 1, limits: Limits = LIMITS) -> None:
    cases = tuple(Test((number,), 2 * number) for number in range(tests))
    [run] = plan(Program("p", source, "f", cases, limits=limits))
    slot.start(run, limits)


def finish(slot: Slot) -> Facts:
    poller = select.poll()
    poller.register(slot, select.POLLIN)
    deadline = time.monotonic() + PATIENCE
    while not poller.poll(20):
        slot.drain()
        assert time.monotonic() < deadline
    return slot.finish()


def facts_of(slot: Slot, source: str, tests: int = 1, limits: Limits = LIMITS) -> Facts:
    start(slot, source, tests, limits)
    return finish(slot)


def outcome(slot: Slot, source: str) -> Verdict:
    program = Program("p", source, "f", (Test((2,), 4),))
    [run] = plan(program)
    slot.start(run, LIMITS)
    return judge(run, finish(slot), LIMITS.cpu_seconds).verdict


def tags(facts: Facts) -> bytes:
    """The tags of the frames."""
    found, position = b"", 0
    while position < len(facts.results):
        found += facts.results[position : position + 1]
        length = int.from_bytes(facts.results[position + 1 : position + 5], "little")
        position += 5 + length
    return found


def jail(slot: Slot) -> psutil.Process:
    """The zygote; it is our child here, as it is the dispatcher's there."""
    return psutil.Process(slot.init)


def test_frames(slot):
    facts = facts_of(slot, "def f(x): return 2 * x", tests=3)
    assert (facts.status, facts.ended, tags(facts)) == (0, zygote.ENDED_ITSELF, b"KVVVD")
    assert 0 < facts.cpu_seconds < 1
    assert 2**22 < facts.peak_rss_bytes < 2**26


def test_each_frame_is_out_before_the_next_test(slot):
    start(slot, "import time\ndef f(x):\n    time.sleep(60 * x)\n    return 2 * x", tests=2)
    deadline = time.monotonic() + PATIENCE
    while tags(Facts(0, 0, 0, 0, 0, bytes(slot._outputs[0].data), b"", b"", False)) != b"KV":
        assert time.monotonic() < deadline
        slot.drain()
    slot.kill()
    assert tags(finish(slot)) == b"KV"


def test_kill_by_order(slot):
    start(slot, "def f(x):\n    while True: pass")
    time.sleep(0.1)
    slot.kill()
    facts = finish(slot)
    assert facts.ended == zygote.ENDED_BY_ORDER
    assert os.WTERMSIG(facts.status) == signal.SIGKILL


def test_an_order_that_comes_too_late_is_skipped(slot):
    facts_of(slot, "def f(x): return x")
    for _ in range(3):
        slot.channel.send(zygote.KILL)


def test_cpu_limit(slot):
    facts = facts_of(slot, "def f(x):\n    while True: pass", limits=Limits(cpu_seconds=0.2))
    assert facts.ended == zygote.ENDED_BY_CPU
    assert 0.2 <= facts.cpu_seconds < 0.4


def test_wall_limit(slot):
    limits = Limits(wall_seconds=0.3)
    facts = facts_of(slot, "import time\ndef f(x): time.sleep(60)", limits=limits)
    assert facts.ended == zygote.ENDED_BY_WALL
    assert 0.3 <= facts.wall_seconds < 10
    assert facts.cpu_seconds < 0.2


def test_a_stopped_program_reaches_the_wall_limit(slot):
    source = "import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGSTOP)"
    assert facts_of(slot, source, limits=Limits(wall_seconds=0.3)).ended == zygote.ENDED_BY_WALL


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGABRT"])
def test_crash(slot, name):
    source = f"import os, signal\ndef f(x):\n    if x: os.kill(os.getpid(), signal.{name})\n"
    facts = facts_of(slot, source, tests=2)
    assert facts.ended == zygote.ENDED_ITSELF
    assert os.WTERMSIG(facts.status) == getattr(signal, name)
    assert tags(facts) == b"KV"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(x: 1", b"C"),
        ("1 / 0", b"KX"),
        ("raise MemoryError", b"KM"),
        ("import sys\nsys.exit()", b"KX"),
        ("def g(x): pass", b"KX"),
        ("def f(x): return 1 / x", b"KED"),
        ("def f(x): raise SystemExit", b"KED"),
        ("def f(x): raise MemoryError", b"KMD"),
        ("def f(x): return 'x' * 2**20", b"KOD"),
        ("def f(x): return len", b"KED"),
        ("def f(): pass", b"KED"),
        ("f = 5", b"KED"),
        ("def f(x): del globals()['f']", b"KVD"),
        ("import os\nos._exit(0)", b"K"),
    ],
)
def test_what_programs_do(slot, source, expected):
    assert tags(facts_of(slot, source)) == expected


def script(slot: Slot, source: str, stdin: str = "") -> Facts:
    [run] = plan(Program("p", source, None, (StdioTest(stdin, ""),)))
    slot.start(run, LIMITS)
    return finish(slot)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("print('x', end='')", b"x"),
        ("import sys\nsys.stdout.write('x')\nsys.exit(0)", b"x"),
        ("import sys\nsys.stdout.buffer.write(b'x')", b"x"),
        ("import sys\nsys.stdout = open(1, 'w')\nprint('x', end='')", b"x"),
        ("import sys\nsys.stdout.reconfigure(write_through=True)\nprint('x', end='')", b"x"),
        ("print('x', end='', flush=True)\nprint('y', end='')", b"xy"),
        ("import sys\nprint('x', end='')\nsys.stdout = None", b""),
        ("import os\nos.write(1, b'x')", b"x"),
        ("print(input() + input(), end='')", b"onetwo"),
    ],
)
def test_standard_output(slot, source, written):
    facts = script(slot, source, "one\ntwo\n")
    assert (facts.status, facts.stdout, tags(facts)) == (0, written, b"KD")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("import sys\nsys.exit(3)", b"KXD"), ("1 / 0", b"KXD"), ("raise MemoryError", b"KMD"),
     ("raise SystemExit(None)", b"KD"), ("raise SystemExit('no')", b"KXD"),
     ("class E(SystemExit):\n    code = property(lambda self: 1 / 0)\nraise E", b"KXD")],
)  # fmt: skip
def test_end_of_a_script(slot, source, expected):
    assert tags(script(slot, source)) == expected


def test_large_payload(slot):
    """Far more than the socket or a pipe holds."""
    assert tags(facts_of(slot, "#" * 10_000_000 + "\ndef f(x): return x")) == b"KVD"


MANY_BLOCKS = """
import asyncio, decimal, json, random, unittest

def f(x):
    held, sizes = {}, [*range(0, 1100, 7), 2047, 2048, 2049, 4096, 8191, 16383, 16384, 16385, 10**6]
    for step in range(20_000):
        size = random.choice(sizes)
        key = random.randrange(200)
        if key in held:
            block, byte = held.pop(key)
            assert block.count(byte) == len(block)
        byte = step % 256
        block = bytearray([byte]) * (size // 2)
        for _ in range(3):
            block.extend(bytes([byte]) * (size // 6))  # grows in place or elsewhere
        held[key] = block, byte
        if step % 100 == 0:
            held = dict(held)
            del block[len(block) // 3 :]
    return x * 2
"""


def test_memory_is_sound(slot):
    """Blocks of all sizes, from the fresh memory and beyond it, grown, shrunk and given back."""
    facts = facts_of(slot, MANY_BLOCKS, limits=Limits(cpu_seconds=20.0, wall_seconds=100.0))
    assert (facts.status, tags(facts)) == (0, b"KVD"), facts


def test_payload_beyond_the_memory_limit(slot):
    facts = facts_of(slot, f"f = '{'x' * 50_000_000}'.count", limits=Limits(memory_bytes=2**26))
    assert facts.status != 0 or tags(facts) in (b"C", b"KM")


def test_much_output(slot):
    limits = Limits(output_bytes=100_000)
    source = "def f(x):\n    while True: print('x' * 1000)"
    facts = facts_of(slot, source, limits=limits)
    assert facts.overflowed
    assert len(facts.stdout) == limits.output_bytes + 1


@pytest.mark.parametrize(
    ("data", "descriptors"),
    [
        (b"garbage", 0),
        (b"K" * 5, 0),
        (b"R", 4),
        (zygote.REQUEST.pack(b"R", 1.0, 1.0, 2**28), 0),
        (zygote.REQUEST.pack(b"R", 1.0, 1.0, 2**28), 3),
        (zygote.REQUEST.pack(b"R", 1.0, 1.0, 2**28), 9),
        (zygote.REQUEST.pack(b"X", 1.0, 1.0, 2**28), 4),
        (zygote.REQUEST.pack(b"R", 1.0, 1.0, 2**28) + b"x", 4),
    ],
)
def test_nonsense_on_the_control_socket_ends_the_zygote(slot, data, descriptors):
    process = jail(slot)
    null = os.open("/dev/null", os.O_RDWR)
    socket.send_fds(slot.channel, [data], [null] * descriptors)
    os.close(null)
    with pytest.raises(SlotBrokenError):
        slot.finish()
    process.wait(PATIENCE)
    slot.reboot()
    boot(slot)


@pytest.mark.parametrize("busy", [False, True])
def test_the_zygote_ends_with_the_dispatcher(slot, busy):
    processes = [jail(slot)]
    if busy:
        start(slot, "def f(x):\n    while True: pass")
        deadline = time.monotonic() + PATIENCE
        while not processes[0].children():
            assert time.monotonic() < deadline
        processes += processes[0].children()
    slot.channel.close()
    processes[0].wait(PATIENCE)
    assert not any(process.is_running() for process in processes)
    slot.reboot()
    boot(slot)


def test_a_killed_zygote_is_told(slot):
    start(slot, "def f(x):\n    while True: pass")
    jail(slot).kill()
    with pytest.raises(SlotBrokenError):
        finish(slot)
    slot.reboot()
    boot(slot)


def test_no_descriptor_and_no_memory_leaks(slot):
    def used() -> tuple[int, int, int]:
        memory = Path(f"/proc/{slot.init}/smaps_rollup").read_text().split()
        return (
            len([*Path(f"/proc/{slot.init}/fd").iterdir()]),
            len([*Path("/proc/self/fd").iterdir()]),
            int(memory[memory.index("Private_Dirty:") + 1]),
        )

    source = "def f(x): return [2 * x] * 1000"
    for _ in range(50):
        facts_of(slot, source)
    before = used()
    for _ in range(2000 if slot.loop == "c" else 200):
        facts_of(slot, source)
    after = used()
    assert before[:2] == after[:2]
    assert after[2] - before[2] <= 64  # kB


def test_nothing_of_a_program_stays_in_the_zygote(slot):
    facts_of(slot, f"HELD = {MARK[:15]!r} {MARK[15:]!r}\ndef f(x): return HELD")
    found = 0
    with Path(f"/proc/{slot.init}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{slot.init}/maps").read_text().splitlines():
            start_, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "r" in line.split()[1] and "[v" not in line:
                memory.seek(start_)
                found += memory.read(end - start_).count(MARK[:15].encode())
    assert found == 0


def test_the_loop_in_c_is_refused_where_it_is_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "sandbox.jail._loop", None)
    monkeypatch.delattr("sandbox.jail._loop", raising=False)
    with pytest.raises(OSError, match=r"sandbox\.zygote=c: .*install with a C compiler"):
        zygote.find_loop("c")
    assert zygote.find_loop("auto").NAME == zygote.find_loop("python").NAME == "python"


def test_a_jail_that_can_not_boot_says_so():
    slot = Slot(0, "T9", find_interpreter(None), "python", FIRST_ID, Group())
    slot.channel.settimeout(PATIENCE)
    try:
        with pytest.raises(JailError):
            boot(slot)
    finally:
        slot.close()


def test_tags_are_those_of_both_sides():
    text = (Path(zygote.__file__).parent / "_jail.h").read_text()
    for name in ("COMPILED", "COMPILE_ERROR", "LOAD_ERROR", "VALUE", "EXCEPTION", "NO_MEMORY",
                 "TOO_LARGE", "WEAK_PASSED", "WEAK_FAILED", "DONE"):  # fmt: skip
        assert f"{name} = '{getattr(child, name).decode()}'" in text
