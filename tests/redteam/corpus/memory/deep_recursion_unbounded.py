# Raises the recursion limit and recurses without end.
# expect: RUNTIME_ERROR | MEMORY_LIMIT
# violation: no
# cpu: 5
import sys

sys.setrecursionlimit(10**9)


def f(x):
    return f(x) + 1
