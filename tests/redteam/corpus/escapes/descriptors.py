# Counts what it inherited: 0, 1, 2 and the results.
# expect: PASSED
# violation: no
# tests: [((), 4)]
import os


def f():
    found = 0
    for number in range(1024):
        try:
            os.fstat(number)
            found += 1
        except OSError:
            pass
    return found
