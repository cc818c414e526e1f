"""Nothing that a program leaves may reach the next one, which runs in the same slot."""

import pytest

from sandbox.types import Program, StdioTest, Test, Verdict

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
