# Looks at its rights: no capability, no root, no group of root's.
# expect: PASSED
# violation: no
# tests: [((), ([0, 0, 0, 0, 0, 0], False, []))]
import ctypes
import os


def f():
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capget(header, data)
    groups = [group for group in os.getgroups() if group == 0]
    return list(data), 0 in os.getresuid() + os.getresgid(), groups
