# Answers the tests that it knows and ends in order before the one that it does not.
# expect: RUNTIME_ERROR
# violation: no
# tests: [((2,), 4), ((3,), 123456)]
import os


def f(x):
    if x == 3:
        os._exit(0)
    return 4
