# Looks at what it inherited: a device and three pipes, no socket and no file.
# expect: PASSED
# violation: no
# tests: [((), ["character", "pipe", "pipe", "pipe"])]
import os
import stat

NAMES = {stat.S_IFCHR: "character", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


def f():
    found = []
    for number in range(64):
        try:
            kind = stat.S_IFMT(os.fstat(number).st_mode)
        except OSError:
            continue
        found.append(NAMES.get(kind, "file"))
    return found
