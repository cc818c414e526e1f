# Makes a system call that ordinary libraries make by the way: refused, and nobody is accused.
# expect: PASSED
# violation: no
# machine: x86_64
# tests: [((2,), -1)]
# each: {"epoll_create1": "291, 0", "chmod": "90, b'/usr', 511", "mkdir": "83, b'/x', 511",
#     "setxattr": "188, b'/usr', b'user.x', b'x', 1, 0", "prctl": "157, 38, 1, 0, 0, 0",
#     "mlockall": "151, 3", "sched_setaffinity": "203, 0, 8, b'12345678'", "sync": "162",
#     "copy_file_range": "326, 0, 0, 1, 0, 1, 0", "splice": "275, 0, 0, 1, 0, 1, 0"}
import ctypes


def f(x):
    return ctypes.CDLL(None).syscall($EACH)
