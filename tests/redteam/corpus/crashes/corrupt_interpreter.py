# Breaks the interpreter's own objects.
# expect: RUNTIME_ERROR | WRONG_ANSWER | COMPILE_ERROR | TIME_LIMIT | MEMORY_LIMIT
# violation: any
# wall: 5
# each: {"None": "ctypes.memset(id(None), 0, 16)", "int": "ctypes.memset(id(int) + 16, 255, 256)",
#     "small number": "ctypes.memset(id(4) + 24, 9, 1)", "list": "ctypes.memset(id(list), 65, 400)",
#     "own frame": "ctypes.memset(id(sys._getframe()), 65, 64)",
#     "heap": "ctypes.memset(id(object()) - 4096, 65, 8192)"}
import ctypes
import sys


def f(x):
    $EACH
    return 5
