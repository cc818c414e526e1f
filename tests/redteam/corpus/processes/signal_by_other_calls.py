# Sends a signal to init by the less known calls.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# machine: x86_64
# each: {"tkill": "200, 1, 9", "tgkill": "234, 1, 1, 9", "rt_sigqueueinfo": "129, 1, 9, 0",
#     "rt_tgsigqueueinfo": "297, 1, 1, 9, 0", "pidfd_send_signal": "424, 3, 9, 0, 0",
#     "kill with a wide number": "62, ctypes.c_long(0x7F00000001), 9"}
import ctypes


def f(x):
    return 4 + 0 * ctypes.CDLL(None).syscall($EACH)
