# Handles SIGSYS and goes on after a forbidden call.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
import ctypes
import signal

signal.signal(signal.SIGSYS, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGSYS})


def f(x):
    ctypes.CDLL(None).unshare(0x10000000)
    return 4
