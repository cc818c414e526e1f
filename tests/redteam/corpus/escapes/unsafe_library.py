# Loads a library of the host and calls into it.
# expect: RUNTIME_ERROR
# violation: any
# each: ["ctypes.CDLL(None).system(b'true')", "ctypes.CDLL(None).popen(b'true', b'r')",
#     "ctypes.CDLL(None).daemon(0, 0)", "ctypes.CDLL(None).chroot(b'/usr')",
#     "ctypes.CDLL(None).shm_open(b'/x', 66, 0o600) + ctypes.string_at(0)[0]",
#     "ctypes.CDLL('/usr/lib/no-such-library.so')"]
import ctypes


def f(x):
    $EACH
    return 4
