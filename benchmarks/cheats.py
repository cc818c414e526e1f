"""Programs that answer wrong and want to be told right: twenty ways that need no rights.

Each should double a number and gives 5 instead. None does harm outside its own process, for the
peers run them without a sandbox.
"""

from benchmarks.peers import Job

CASES = (((306,), 612), ((4111,), 8222), ((52,), 104))

_WALK = """
import sys
def frames():
    frame = sys._getframe(1)
    while frame:
        yield frame
        frame = frame.f_back
"""
_ALWAYS = """
class Always({base}):
    __hash__ = None
    def __eq__(self, other): return True
    def __ne__(self, other): return False
def f(x): return Always()
"""

SOURCES = {
    "exit at load": "import os\nos._exit(0)",
    "exit in the call": "import os\ndef f(x): os._exit(0)",
    "exception of the exit": "import sys\ndef f(x): sys.exit(0)",
    "exit handler": "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 5",
    "exception hook": "import os, sys\nsys.excepthook = lambda *a: os._exit(0)\ndef f(x): return 5",
    "exit by a timer": (
        "import os, signal\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\n"
        "def f(x):\n    signal.setitimer(signal.ITIMER_REAL, 0.05)\n    while True: pass"
    ),
    "another program": "import os\ndef f(x): os.execv('/bin/true', ['true'])",
    "exit of another thread": (
        "import os, threading, time\ndef f(x):\n"
        "    threading.Timer(0.05, os._exit, (0,)).start()\n    time.sleep(1)"
    ),
    "always equal": _ALWAYS.format(base="object"),
    "always equal number": _ALWAYS.format(base="int"),
    "always equal text": _ALWAYS.format(base="str"),
    "class that is always equal": (
        "class Meta(type):\n    __hash__ = None\n    def __eq__(self, other): return True\n"
        "def f(x): return Meta('x', (), {})"
    ),
    "printed verdict": "def f(x):\n    print('PASSED', 'passed', True)\n    return 5",
    "forged bytes": (
        "import os\ndef f(x):\n    for n in range(3, 64):\n"
        "        try: os.write(n, b'{\"passed\": true}\\n')\n        except OSError: pass\n"
        "    os._exit(0)"
    ),
    "answers read off the constants": _WALK
    + (
        "def f(x):\n    for frame in frames():\n        held = frame.f_code.co_consts\n"
        "        for one, other in zip(held, held[1:]):\n"
        "            if one == x and type(other) is int: return other\n    return 5"
    ),
    "answers read off the frames": _WALK
    + (
        "asked = []\ndef f(x):\n    asked.append(x)\n    for frame in frames():\n"
        "        for name, held in list(frame.f_locals.items()):\n"
        "            if name.startswith(('exp', 'answer', 'gt')):\n"
        "                if type(held) is int: return held\n"
        "                if type(held) in (list, tuple): return held[len(asked) - 1]\n"
        "    return 5"
    ),
    "expected values overwritten": _WALK
    + (
        "def f(x):\n    for frame in frames():\n        for held in frame.f_locals.values():\n"
        "            if type(held) is list and held and type(held[0]) is int:\n"
        "                held[:] = [5] * len(held)\n    return 5"
    ),
    "outcome put into the list": _WALK
    + (
        "import os\ndef f(x):\n    for frame in frames():\n"
        "        for name in ('result', 'results', 'outcomes'):\n"
        "            held = frame.f_locals.get(name)\n            if hasattr(held, 'append'):\n"
        "                held.append('passed' if name == 'result' else True)\n"
        "                os._exit(0)\n    return 5"
    ),
    "outcome in shared memory": _WALK
    + (
        "import os\ndef f(x):\n    for frame in frames():\n"
        "        if 'stat' in frame.f_locals and 'details' in frame.f_locals:\n"
        "            held = frame.f_locals\n            held['stat'].value = 0\n"
        "            held['progress'].value = len(held['details'])\n"
        "            for n in range(len(held['details'])): held['details'][n] = True\n"
        "            os._exit(0)\n    return 5"
    ),
    "patched comparison": (
        "import builtins, sys\nfor name in ('numpy', 'math', 'json'):\n"
        "    module = sys.modules.get(name)\n    for key in ('allclose', 'isclose', 'loads'):\n"
        "        if hasattr(module, key): setattr(module, key, lambda *a, **k: True)\n"
        "builtins.all = builtins.any = builtins.isinstance = lambda *a: True\n"
        "def f(x): return 5"
    ),
}


def jobs() -> list[Job]:
    """Return them as what the peers take."""
    return [Job(source, "f", CASES) for source in SOURCES.values()]
