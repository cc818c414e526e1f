# Reads the environment, by the library and by the C library: HOME=/ and nothing else.
# expect: PASSED
# violation: no
# tests: [((), [])]
import ctypes
import os


def f():
    environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    found, at = set(os.environ), 0
    while environ and environ[at]:
        found.add(environ[at].decode())
        at += 1
    return sorted(name for name in found if not name.startswith(("LC_CTYPE", "HOME")))
