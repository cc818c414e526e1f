# Locks its memory, which would take it from everybody else.
# expect: PASSED
# violation: no
# tests: [((2,), -1)]
import ctypes


def f(x):
    held = ctypes.create_string_buffer(2**20)
    return ctypes.CDLL(None).mlock(held, 2**20)
