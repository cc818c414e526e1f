# Takes a lock, a lease or notices on a file that others use.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# each: ["fcntl.fcntl(file, fcntl.F_SETLK, bytes(32))", "fcntl.fcntl(file, fcntl.F_SETLKW, bytes(32))",
#     "fcntl.fcntl(file, fcntl.F_SETLEASE, 0)", "fcntl.fcntl(file, fcntl.F_SETOWN, 1)",
#     "fcntl.fcntl(file, fcntl.F_NOTIFY, 0)", "fcntl.fcntl(file, fcntl.F_GETLK, bytes(32))",
#     "fcntl.fcntl(1, 1031, 2**20)", "fcntl.fcntl(1, fcntl.F_SETSIG, 9)",
#     "fcntl.fcntl(file, 1033, 15)", "fcntl.flock(file, fcntl.LOCK_EX)",
#     "fcntl.lockf(file, fcntl.LOCK_SH)"]
import fcntl

file = open("/usr/bin/env", "rb")


def f(x):
    $EACH
    return 4
