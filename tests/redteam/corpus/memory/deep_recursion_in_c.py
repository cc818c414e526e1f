# Recurses through C code until the stack ends.
# expect: RUNTIME_ERROR | MEMORY_LIMIT
# violation: no
import sys

sys.setrecursionlimit(10**9)


class Mirror:
    def __repr__(self):
        return repr(self)


def f(x):
    return repr(Mirror())
