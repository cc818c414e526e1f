# Ends its process, one way or another.
# expect: RUNTIME_ERROR SIG | RUNTIME_ERROR signal
# violation: no
# each: {"abort": "os.abort()", "kill": "os.kill(os.getpid(), signal.SIGKILL)",
#     "segfault": "os.kill(os.getpid(), signal.SIGSEGV)",
#     "real time": "os.kill(os.getpid(), signal.SIGRTMIN + 2)", "null": "ctypes.string_at(0)",
#     "raise": "signal.raise_signal(signal.SIGBUS)", "jump": "ctypes.CFUNCTYPE(None)(64)()",
#     "pipe": "signal.signal(13, signal.SIG_DFL); os.kill(os.getpid(), 13)",
#     "write to code": "ctypes.memset(ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p), 0, 1)",
#     "fatal error": "ctypes.pythonapi.Py_FatalError(b'x')"}
import ctypes
import os
import signal


def f(x):
    $EACH
