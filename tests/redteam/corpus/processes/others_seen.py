# Counts the processes that it can see: itself and the jail's init.
# expect: PASSED
# violation: no
# tiers: T1 T2
# tests: [((3000,), 2)]
import os


def f(x):
    seen = 0
    own = os.getpid()  # a slot's later programs have high numbers
    for pid in {*range(1, x), *range(max(1, own - x), own + x)}:
        try:
            os.getpgid(pid)
            seen += 1
        except ProcessLookupError:
            pass
    return seen
