"""Cheats put together at random around a wrong answer never pass; noise harms no right one."""

import hypothesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from sandbox.types import Limits, Program, Test, Verdict

LIMITS = Limits(cpu_seconds=0.5, wall_seconds=60.0)
CASES = ((3, 900001), (5, 900002), (7, 900003))

_TAGS = b"KCXVEMOPFD?\0"
_BODIES = (b"", b"i4;", b"idbba1;", b"N", b"T", b"\xff" * 9, b"l1:i4;", b'{"verdict":"PASSED"}')
_PATCHES = (
    "import builtins; builtins.isinstance = lambda *a: True",
    "import builtins; builtins.len = lambda x: 1",
    "import builtins; builtins.AssertionError = ZeroDivisionError",
    "import builtins; builtins.compile = builtins.exec = lambda *a, **k: None",
    "import marshal; marshal.loads = lambda *a: (0, b'', 'f', [], 1)",
    "import os; os.write = lambda d, b: len(b)",
    "import os; os._exit = lambda status: None",
    "import sys; sys.modules.clear()",
    "import sys; sys.settrace(lambda *a: None)",
    "import sys; sys.setrecursionlimit(60)",
    "import gc; gc.unfreeze(); gc.disable()",
    "import sandbox.jail.encode as e; e.encode = lambda v, l: b'i4;'",
    "import sandbox.jail.child as c; c.encode = lambda *a: b'i4;'; c.VALUE = c.WEAK_PASSED",
)
_ENDS = (
    "import os; os._exit(0)",
    "import sys; sys.exit(0)",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
    "import os; os.kill(os.getpid(), 9)",
    "import os; os.closerange(3, 64)",
    "import os; [os.dup2(1, n) for n in range(3, 10)]",
    "import signal; signal.setitimer(signal.ITIMER_REAL, 0.001)",
)
_PRINTS = ("print('PASSED')", "print('{\"passed\": true}', flush=True)", "print(end='\\x00' * 99)")
_VALUES = (
    "Always()", "AlwaysInt(4)", "None", "True", "float('nan')", "[x]", "x", "(_ for _ in [x])", "4",
    "AlwaysStr('4')", "type('T', (), {'__class__': int})()", "10**5000", "held(x)",
)  # fmt: skip
_CLASSES = """
class Always:
    __hash__ = None
    def __eq__(self, other): return True
    def __ne__(self, other): return False
class AlwaysInt(int):
    __hash__ = int.__hash__
    __eq__ = lambda self, other: True
    __index__ = lambda self: 900001
class AlwaysStr(str):
    __hash__ = str.__hash__
    __eq__ = lambda self, other: True
def held(x):
    import sys
    frame, found = sys._getframe(), []
    while frame:
        found += [v for v in frame.f_locals.values() if type(v) is int]
        frame = frame.f_back
    return max(found, default=0)
"""


def _frame(tag: int, body: bytes, lie: int) -> bytes:
    return bytes([tag]) + max(0, len(body) + lie).to_bytes(4, "little") + body


frames = st.builds(
    _frame, st.sampled_from(_TAGS), st.sampled_from(_BODIES), st.sampled_from([0, 0, 0, 1, -1])
)
writes = st.builds(
    lambda start, parts: (
        f"import os\nfor n in range({start}, 9):\n"
        f"    try: os.write(n, {b''.join(parts)!r})\n    except OSError: pass"
    ),
    st.integers(1, 4),
    st.lists(frames, min_size=1, max_size=6),
)
cheats = st.one_of(st.sampled_from((*_PATCHES, *_ENDS, *_PRINTS)), writes)


def _indented(text: str, depth: int) -> str:
    return "".join(f"{' ' * depth}{line}\n" for line in text.split("\n"))


@st.composite
def wrong_programs(draw: st.DrawFn) -> str:
    """Cheats at load, in the call at some depth and turn, and in the harness's last flush."""
    source = _CLASSES + "calls = 0\n"
    for cheat in draw(st.lists(cheats, max_size=2)):
        source += cheat + "\n"
    depth, turn = draw(st.integers(0, 30)), draw(st.integers(0, 3))
    source += f"def dig(n):\n    if n: return dig(n - 1)\n    if calls >= {turn}:\n        pass\n"
    for cheat in draw(st.lists(cheats, max_size=3)):
        source += _indented(cheat, 8)
    source += f"def f(x):\n    global calls\n    calls += 1\n    dig({depth})\n"
    source += f"    return {draw(st.sampled_from(_VALUES))}\n"
    if draw(st.booleans()):
        source += "class Stream:\n    write = lambda self, text: len(text)\n    def flush(self):\n"
        source += _indented(draw(cheats), 8) + "import sys\nsys.stdout = Stream()\n"
    return source


noise = st.sampled_from(
    (
        "print('FAILED')", "import sys; print('x', file=sys.stderr)", "import gc; gc.collect()",
        "import math; math.noise = 1", "class A:\n    __eq__ = lambda self, other: True",
        "try: raise ValueError\nexcept ValueError: pass", "held = [0] * 10_000; del held",
        "import random; random.seed(); random.random()", "def g(x): return x",
        "import atexit, os; atexit.register(os.abort)", "'PASSED'",
        "import signal; signal.alarm(90)",
        "try: open('/tmp/x', 'w')\nexcept OSError: pass", "import os; os.write(os.pipe()[1], b'x')",
        "import sys; sys.setrecursionlimit(5000)", "import time; time.sleep(0.001)",
    )
)  # fmt: skip
bodies = st.sampled_from(
    (
        "return 2 * x", "return x + x", "return sum([x, x])", "return int(str(2 * x))",
        "return (lambda y: y * 2)(x)", "return len(range(2 * x))", "return x << 1",
        "return next(iter([2 * x]))", "return type('N', (int,), {})(2 * x)",
    )
)  # fmt: skip


@st.composite
def right_programs(draw: st.DrawFn) -> str:
    source = "".join(part + "\n" for part in draw(st.lists(noise, max_size=4)))
    source += f"def inner(x):\n    {draw(bodies)}\ndef f(x):\n    pass\n"
    source += "".join(_indented(part, 4) for part in draw(st.lists(noise, max_size=4)))
    return source + "    return inner(x)\n"


many = settings(
    deadline=None,
    max_examples=15,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@many
@hypothesis.given(sources=st.lists(wrong_programs(), min_size=12, max_size=12))
def test_wrong_answer_never_passes(client, sources):
    tests = tuple(Test((x,), expected) for x, expected in CASES)
    code = "".join(f"assert f({x}) == {expected}\n" for x, expected in CASES)
    programs = [
        Program(f"{number}", source, "f", given, test_code, limits=LIMITS)
        for number, source in enumerate(sources)
        for given, test_code in ((tests, None), ((), code))
    ]
    for program, result in zip(programs, client.execute(programs), strict=True):
        assert result.verdict is not Verdict.PASSED, program.source
        assert result.verdict is not Verdict.INTERNAL, (program.source, result)
        assert not all(test.verdict is Verdict.PASSED for test in result.tests), program.source


@many
@hypothesis.given(sources=st.lists(right_programs(), min_size=12, max_size=12))
def test_right_answer_stays_passed(client, sources):
    tests = tuple(Test((x,), 2 * x) for x, _ in CASES)
    programs = [
        Program(f"{number}", source, "f", tests, limits=LIMITS)
        for number, source in enumerate(sources)
    ]
    for program, result in zip(programs, client.execute(programs), strict=True):
        assert result.verdict is Verdict.PASSED, (program.source, result)
