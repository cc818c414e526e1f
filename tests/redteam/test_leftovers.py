"""Nothing that a program leaves may reach the next one, which runs in the same slot."""

import pytest

from sandbox.types import Limits, Program, StdioTest, Test, Verdict

LEAVE_AND_LOOK = [
    ("import builtins\nbuiltins.mark = 1", "import builtins\nseen = hasattr(builtins, 'mark')"),
    ("import math\nmath.mark = 1", "import math\nseen = hasattr(math, 'mark')"),
    ("import sys\nsys.modules['mark'] = sys", "import sys\nseen = 'mark' in sys.modules"),
    ("import sys\nsys.path.append('/mark')", "import sys\nseen = '/mark' in sys.path"),
    ("import os\nos.environ['MARK'] = '1'", "import os\nseen = 'MARK' in os.environ"),
    ("import os\nos.chdir('/usr')", "import os\nseen = os.getcwd() != '/'"),
    ("import os\nos.umask(0o777)", "import os\nseen = os.umask(0) == 0o777"),
    ("import signal\nsignal.signal(10, signal.SIG_IGN)",
     "import signal\nseen = signal.getsignal(10) is signal.SIG_IGN"),
    ("import signal\nsignal.alarm(1)", "import signal\nseen = signal.alarm(0) != 0"),
    ("import os\nos.set_blocking(0, False)", "import os\nseen = not os.get_blocking(0)"),
    ("import random\nrandom.seed(5)",
     "import random\nfirst = random.random()\nrandom.seed(5)\nseen = first == random.random()"),
    ("import sys\nsys.setrecursionlimit(77777)",
     "import sys\nseen = sys.getrecursionlimit() == 77777"),
    ("import decimal\ndecimal.getcontext().prec = 3",
     "import decimal\nseen = decimal.getcontext().prec == 3"),
]  # fmt: skip


@pytest.mark.parametrize(("leave", "look"), LEAVE_AND_LOOK)
def test_state(client, leave, look):
    first = Program("first", f"{leave}\ndef f(): return 1", "f", (Test((), 1),))
    second = Program("second", f"{look}\ndef f(): return bool(seen)", "f", (Test((), False),))
    results = [client.execute([program])[0] for program in (first, second)]
    assert [result.verdict for result in results] == [Verdict.PASSED, Verdict.PASSED], results


def test_an_earlier_program_is_not_in_the_memory(client):
    """A good solution, run before in this slot, must not be there to be copied."""
    mark = "a-mark-that-only-the-first-program-holds"
    first = f"def f(x): return len({mark!r}) + x\n" * 100
    assert client.execute([Program("first", first, "f", (Test((0,), len(mark)),))])[0].verdict is (
        Verdict.PASSED
    )
    second = """
import ctypes, os
def f(x):
    needle = ''.join(reversed(x)).encode()
    read, write = os.pipe()
    libc = ctypes.CDLL(None)
    libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    hits, pages, tail = [], 0, b''
    large = bytes(10_000)  # from the C library's heap, not from the interpreter's arenas
    for base in {id(f) >> 30, id(large) >> 30, id(None) >> 30}:
        for page in range(base << 30, base + 1 << 30, 4096):
            if libc.write(write, page, 4096) != 4096:
                tail = b''
                continue
            block, pages = tail + os.read(read, 4096), pages + 1
            at = block.find(needle)
            while at >= 0:
                hits.append(block[max(0, at - 8):at])
                at = block.find(needle, at + 1)
            tail = block[-64:]
    return pages > 500, [hit for hit in hits if hit.endswith(b"len('")]
"""
    program = Program("second", second, "f", (Test((mark[::-1],), (True, [])),),
                      limits=Limits(cpu_seconds=30, wall_seconds=200))  # fmt: skip
    result = client.execute([program])[0]
    assert result.verdict is Verdict.PASSED, result


def test_standard_input_is_ones_own(client):
    source = "import sys\nprint(sys.stdin.readline().strip())"
    program = Program("p", source, None, (StdioTest("one\ntwo\n", "one"), StdioTest("", "")))
    assert client.execute([program])[0].verdict is Verdict.PASSED


def test_standard_input_can_not_be_written(client):
    program = Program("p", "import os\nos.write(0, b'x')", None, (StdioTest("one\n", ""),))
    assert client.execute([program])[0].verdict is Verdict.RUNTIME_ERROR


def test_only_five_descriptors(run):
    source = """
import os
def f(x):
    found = []
    for number in range(64):
        try:
            os.fstat(number)
            found.append(number)
        except OSError: pass
    return len(found)
"""
    assert run(source, expected=4).verdict is Verdict.PASSED  # 0, 1, 2 and the results
