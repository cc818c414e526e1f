# Looks for an open descriptor of a folder, which would lead out.
# expect: PASSED
# violation: no
# tests: [((), [])]
import os
import stat


def f():
    found = []
    for number in range(64):
        try:
            if stat.S_ISDIR(os.fstat(number).st_mode):
                found.append(number)
        except OSError:
            pass
    return found
