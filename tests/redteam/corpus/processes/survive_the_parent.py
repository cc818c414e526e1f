# Asks the kernel for what would change how it dies or what it may do.
# expect: PASSED
# violation: no
# tests: [((2,), -1)]
# each: {"no death signal": "1, 0", "dumpable": "4, 1", "subreaper": "36, 1",
#     "speculation": "53, 0", "timer slack": "29, 2000000000", "ptracer": "0x59616d61, -1"}
import ctypes


def f(x):
    return ctypes.CDLL(None).prctl($EACH, 0, 0, 0)
