# Remembers in one test what it was asked, and answers the next from it.
# expect: WRONG_ANSWER
# violation: no
# tests: [((1,), 10), ((2,), 11), ((3,), 12)]
import sys

seen = []


def f(x):
    seen.append(x)
    sys.modules["seen"] = seen
    return 9 + len(seen) if len(seen) < 3 else 0
