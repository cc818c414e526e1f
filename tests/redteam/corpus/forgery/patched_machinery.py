# Patches what the harness is made of.
# expect: RUNTIME_ERROR | WRONG_ANSWER | COMPILE_ERROR
# violation: any
# tests: [((2,), 123456)]
# each: ["import builtins; builtins.isinstance = lambda *a: True",
#     "import builtins; builtins.AssertionError = Exception", "import builtins; builtins.len = lambda x: 0",
#     "import builtins; builtins.bytes = str; builtins.int = bool; builtins.type = str",
#     "import builtins; builtins.__build_class__ = None; builtins.__import__ = None",
#     "import builtins; builtins.BaseException = ValueError; builtins.MemoryError = ValueError",
#     "import builtins; builtins.__dict__.clear()",
#     "import json; json.dumps = lambda *a, **k: '4'; json.loads = json.dumps",
#     "import marshal; marshal.loads = marshal.dumps = lambda *a: (1, b'', '', [], 0)",
#     "import os; os.write = lambda d, b: len(b)", "import os; os._exit = lambda status: None",
#     "import posix; posix._exit = posix.write = lambda *a: 1",
#     "import sys; [sys.modules.__setitem__(m, None) for m in list(sys.modules)]",
#     "import sys; sys.modules.clear()",
#     "import sandbox.jail.encode as e; e.encode = lambda v, l: b'i4;'",
#     "import sandbox.jail.encode as e; e._encode = lambda v, p, r, d: p.append(b'i4;') or 1",
#     "import sandbox.jail.child as c; c._run_call = lambda *a: a[-1](b'V', b'i7;')",
#     "import sandbox.jail.child as c; c.encode = lambda *a: b'i7;'",
#     "import sandbox.jail.child as c; c.__dict__.clear()",
#     "import sandbox.jail.child as c; c.DONE = c.VALUE = c.WEAK_PASSED",
#     "import sys; sys.settrace(lambda *a: None); sys.setprofile(lambda *a: None)",
#     "import sys; sys.addaudithook(lambda *a: None)",
#     "import sys; sys.addaudithook(lambda *a: 1 / 0)",
#     "import sys; sys.excepthook = sys.unraisablehook = lambda *a: None",
#     "import sys; sys.setrecursionlimit(40)", "import sys; sys.setswitchinterval(1e-9)",
#     "import sys; sys.stdout = sys.stderr = None", "import sys; sys.stdin.close(); sys.stdout.close()",
#     "import gc; gc.callbacks.append(lambda *a: None)", "import gc; gc.disable(); gc.unfreeze()",
#     "import gc; gc.set_threshold(1); gc.set_debug(gc.DEBUG_SAVEALL)",
#     "import contextlib; contextlib.suppress = None", "import random; random.seed = None"]
$EACH


def f(x):
    return 5
