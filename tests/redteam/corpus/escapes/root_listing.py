# Lists the root: what a jail must hold, and no more.
# expect: PASSED
# violation: no
# tiers: T1 T2
# tests: [((["bin", "dev", "lib", "lib32", "lib64", "python", "sbin", "usr"],), [])]
import os


def f(known):
    return sorted(set(os.listdir("/")) - set(known))
