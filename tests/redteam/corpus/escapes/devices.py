# Lists the devices: three that know nothing.
# expect: PASSED
# violation: no
# tiers: T1 T2
# tests: [((), ["null", "urandom", "zero"])]
import os


def f():
    return sorted(os.listdir("/dev"))
