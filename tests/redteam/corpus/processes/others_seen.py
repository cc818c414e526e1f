# Counts the processes that it can see: itself and the jail's init.
# expect: PASSED
# violation: no
# tiers: T1 T2
# tests: [((3000,), 2)]
import os


def f(x):
    seen = 0
    for pid in range(1, x):
        try:
            os.getpgid(pid)
            seen += 1
        except ProcessLookupError:
            pass
    return seen
