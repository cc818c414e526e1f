"""Programs that don't know the answer and want PASSED all the same."""

import pytest

from sandbox.types import Limits, Program, StdioTest, Test, Verdict

FORGED_FRAMES = [
    b"V\x02\x00\x00\x00i4;D\x00\x00\x00\x00",
    b"P\x00\x00\x00\x00D\x00\x00\x00\x00",
    b'{"verdict": "PASSED"}\n',
    b"PASSED\n",
    b"\x00" * 64,
    b"V\xff\xff\xff\xff",
    b"K\x00\x00\x00\x00D\x00\x00\x00\x00",
    b"V\x00\x00\x00\x00D\x00\x00\x00\x00",
    b"\x80\x04K\x04.",
]


@pytest.mark.parametrize("frame", FORGED_FRAMES)
@pytest.mark.parametrize("end", ["os._exit(0)", "return 5"])
def test_bytes_on_every_descriptor(run, frame, end):
    source = f"""
import os
def f(x):
    for number in range(64):
        try: os.write(number, {frame!r})
        except OSError: pass
    {end}
"""
    result = run(source, expected=123456)
    assert result.verdict is not Verdict.PASSED
    assert not any(test.verdict is Verdict.PASSED for test in result.tests)


def test_right_bytes_of_a_guess_are_no_more_than_the_guess(run):
    source = """
import os
def f(x):
    for number in range(3, 64):
        try: os.write(number, b"V\\x03\\x00\\x00\\x00i5;D\\x00\\x00\\x00\\x00")
        except OSError: pass
    os._exit(0)
"""
    assert run(source, expected=6).verdict is Verdict.WRONG_ANSWER


@pytest.mark.parametrize(
    "end",
    ["os._exit(0)", "sys.exit(0)", "raise SystemExit", "exit()", "raise KeyboardInterrupt",
     "raise GeneratorExit", "raise StopIteration", "_thread.exit()", "os.close(3) or os._exit(0)"],
)  # fmt: skip
def test_early_end(run, end):
    result = run(f"import _thread, os, sys\nfrom site import *\ndef f(x):\n    {end}")
    assert result.verdict is Verdict.RUNTIME_ERROR


@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)", "raise SystemExit"])
def test_early_end_at_load(run, end):
    assert run(f"import os, sys\n{end}\ndef f(x): return 4").verdict is Verdict.RUNTIME_ERROR


def test_atexit(run):
    source = "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 5"
    assert run(source).verdict is Verdict.WRONG_ANSWER


def test_closing_every_descriptor(run):
    source = "import os\ndef f(x):\n    os.closerange(0, 100)\n    return 5"
    assert run(source).verdict is Verdict.RUNTIME_ERROR


def test_replacing_every_descriptor(run):
    source = """
import os
def f(x):
    null = os.open('/dev/null', os.O_WRONLY)
    for number in range(3, 64): os.dup2(null, number)
    return 4
"""
    assert run(source).verdict is Verdict.RUNTIME_ERROR


@pytest.mark.parametrize("base", ["", "int", "str", "list", "dict", "tuple", "float"])
def test_always_equal_object(run, base):
    source = f"""
class Always({base}):
    __hash__ = None
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __bool__(self): return True
    def __instancecheck__(self, other): return True
def f(x): return Always()
"""
    assert run(source).verdict is not Verdict.PASSED


def test_class_that_claims_to_be_another(run):
    source = """
class Claim:
    __class__ = int
    def __index__(self): return 4
    def __int__(self): return 4
def f(x): return Claim()
"""
    assert run(source, expected=5).verdict is not Verdict.PASSED


def test_reduce_object_runs_nothing_on_the_other_side(run):
    source = """
import os
class A:
    def __reduce__(self): return (os.system, ('touch /tmp/pwned',))
def f(x): return A()
"""
    assert run(source).verdict is Verdict.RUNTIME_ERROR


def test_giant_repr(run):
    source = """
class A(int):
    def __repr__(self): return 'x' * 10**9
    __str__ = __format__ = lambda self, *rest: 'x' * 10**9
def f(x): return A(5)
"""
    assert run(source).verdict is Verdict.WRONG_ANSWER


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("float('nan')", 4),
        ("float('nan')", 4.0),
        ("True", 1),
        ("1", True),
        ("False", 0),
        ("1.0", 1),
        ("'4'", 4),
        ("[4]", (4,)),
        ("(4,)", [4]),
        ("'\\ud800'", "x"),
        ("b'x'", "x"),
        ("{1: 2}", [(1, 2)]),
        ("None", False),
        ("{4: 4}.keys()", {4}),
        ("-0.0 + 1e-300", 0.0),
        ("2**64", 0),
    ],
)
def test_value_that_only_looks_right(run, value, expected):
    assert run(f"def f(x): return {value}", expected=expected).verdict is not Verdict.PASSED


@pytest.mark.parametrize(
    "patch",
    [
        "import builtins\nbuiltins.isinstance = lambda *a: True",
        "import builtins\nbuiltins.AssertionError = Exception",
        "import builtins\nbuiltins.len = lambda x: 0",
        "import json\njson.dumps = lambda *a, **k: '4'",
        "import os\nos.write = lambda d, b: len(b)",
        "import sys\nfor m in list(sys.modules): sys.modules[m] = None",
        "import sandbox.jail.encode as e\ne.encode = lambda v, l: b'i4;'",
        "import sandbox.jail.child as c\nc._run_call = lambda *a: a[-1](b'V', b'i7;')",
        "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)",
        "import gc\ngc.callbacks.append(lambda *a: None)",
    ],
)
def test_patched_machinery(run, patch):
    assert run(f"{patch}\ndef f(x): return 5", expected=123456).verdict is not Verdict.PASSED


SEARCH = """
import gc, sys
def f(third):
    stack, ids = [sys.modules, gc.get_objects()], set()
    frame = sys._getframe()
    while frame:
        stack += [frame.f_locals, frame.f_globals]
        frame = frame.f_back
    while stack and len(ids) < 300_000:
        item = stack.pop()
        if id(item) in ids or item is ids or item is stack: continue
        ids.add(id(item))
        if type(item) is int and item // 3 == third: return item
        stack += gc.get_referents(item)
    return -len(ids)
"""


def test_walk_for_the_expected_value(run):
    third = 306091215182124
    result = run(SEARCH, (third,), 3 * third, Limits(cpu_seconds=20, wall_seconds=60))
    assert result.verdict is Verdict.WRONG_ANSWER
    assert int(result.tests[0].actual) < -5000, "the walk saw little"


def test_memory_scan_for_the_expected_value(run):
    """Read all of the process's own memory that a pipe can be filled from."""
    secret = "expected-value-that-the-jail-must-not-hold"
    source = """
import ctypes, os
def f(x):
    needle = ''.join(reversed(x)).encode()
    read, write = os.pipe()
    libc = ctypes.CDLL(None)
    libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    start, hits, tail = id(f) & ~0xFFFFF, 0, b''
    for page in range(start - 2**25, start + 2**25, 4096):
        if libc.write(write, page, 4096) == 4096:
            block = os.read(read, 4096)
            hits += (tail + block).count(needle)
            tail = block[-len(needle):]
        else:
            tail = b''
    return hits > 6
"""
    result = run(source, (secret[::-1],), secret, Limits(cpu_seconds=10, wall_seconds=30))
    assert result.verdict is Verdict.WRONG_ANSWER
    assert result.tests[0].actual == "False"


def test_printing_passed(run):
    source = "def f(x):\n    print('PASSED')\n    print('{\"verdict\": \"PASSED\"}')\n    return 5"
    assert run(source).verdict is Verdict.WRONG_ANSWER


def test_answers_beyond_the_tests(client):
    source = """
import os
for number in range(3, 64):
    try: os.write(number, b"V\\x03\\x00\\x00\\x00i4;" * 5)
    except OSError: pass
def f(x): return 4
"""
    program = Program("p", source, "f", (Test((1,), 4), Test((2,), 4)))
    result = client.execute([program])[0]
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation


def test_weak_answer_for_a_call(client):
    source = """
import os
for number in range(3, 64):
    try: os.write(number, b"P\\x00\\x00\\x00\\x00" * 3 + b"D\\x00\\x00\\x00\\x00")
    except OSError: pass
os._exit(0)
"""
    program = Program("p", source, "f", (), "assert f(1) == 2\nassert f(2) == 3\nassert f(3) == 4")
    result = client.execute([program])[0]
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation
    assert not any(test.verdict is Verdict.PASSED for test in result.tests)


def test_asserts_are_not_forged_by_equality(client):
    source = """
class Always:
    def __eq__(self, other): return True
def f(x): return Always()
"""
    program = Program("p", source, "f", (), "assert f(1) == 2")
    assert client.execute([program])[0].verdict is not Verdict.PASSED


def test_expected_output_is_not_in_the_jail(client):
    program = Program("p", "import sys\nprint(open(0).read(), sys.argv, dir())", None,
                      (StdioTest("question\n", "answer\n"),))  # fmt: skip
    result = client.execute([program])[0]
    assert result.verdict is Verdict.WRONG_ANSWER
    assert "answer" not in result.stdout
