# Reads the host's name.
# expect: PASSED
# violation: no
# tiers: T1 T2
# tests: [((), "jail")]
import os


def f():
    return os.uname().nodename
