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
    ("import signal\nsignal.setitimer(signal.ITIMER_VIRTUAL, 50)",
     "import signal\nseen = signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0"),
    ("import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))",
     "import signal\nseen = bool(signal.pthread_sigmask(signal.SIG_BLOCK, ()))"),
    ("import ctypes\nctypes.memset(id(77) + 24, 78, 1)", "seen = 70 + int('7') != int('7' * 2)"),
    ("import ctypes\nctypes.CDLL(None).setenv(b'MARK', b'1', 1)",
     "import ctypes\nseen = bool(ctypes.CDLL(None).getenv(b'MARK'))"),
    ("import ctypes\nctypes.CDLL(None).srand(1)\nctypes.CDLL(None).rand()",
     "import ctypes\nlibc = ctypes.CDLL(None)\nfirst = libc.rand()\nlibc.srand(1)\n"
     "libc.rand()\nseen = first == libc.rand()"),
    ("import mmap\nheld = mmap.mmap(-1, 4096)\nheld[:4] = b'MARK'",
     "import mmap\nseen = mmap.mmap(-1, 4096)[:4] == b'MARK'"),
    ("import mmap, os\nheld = mmap.mmap(os.open('/dev/zero', os.O_RDWR), 4096)\nheld[:4] = b'MARK'",
     "import mmap, os\nseen = mmap.mmap(os.open('/dev/zero', os.O_RDWR), 4096)[:4] == b'MARK'"),
    ("import os\nos.write(os.open('/dev/null', os.O_RDWR), b'MARK')",
     "import os\nseen = os.read(os.open('/dev/null', os.O_RDWR), 4) != b''"),
    ("import os\nkept = [os.dup(1) for _ in range(40)]",
     "import os\nseen = os.dup(1) > 5"),
    ("import sys\nsys.stdout = None", "import sys\nseen = sys.stdout is None"),
    ("import sys\nsys.setprofile(lambda *rest: None)",
     "import sys\nseen = sys.getprofile() is not None"),
    ("import sys\nsys.addaudithook(lambda *rest: sys.modules.setdefault('mark', sys))",
     "import sys\nopen('/dev/null')\nseen = 'mark' in sys.modules"),
    ("import gc\ngc.set_threshold(7)\ngc.callbacks.append(print)",
     "import gc\nseen = gc.get_threshold()[0] == 7 or bool(gc.callbacks)"),
    ("import re\nre.compile('mark+')",
     "import re\nseen = any('mark+' in str(k) for k in re._cache)"),
    ("import codecs\ncodecs.register(lambda name: None)",
     "import codecs\ntry: codecs.lookup('mark')\nexcept LookupError: seen = False"),
    ("import threading\nthreading.stack_size(2**20)",
     "import threading\nseen = threading.stack_size() == 2**20"),
    ("import time, os\nos.environ['TZ'] = 'MARK+5'\ntime.tzset()",
     "import time\nseen = 'MARK' in time.tzname"),
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
