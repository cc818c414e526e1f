# Ends before it answers, in a way that looks orderly.
# expect: RUNTIME_ERROR
# violation: no
# each: ["os._exit(0)", "sys.exit(0)", "raise SystemExit", "raise SystemExit(None)", "exit()", "quit()",
#     "raise KeyboardInterrupt", "raise GeneratorExit", "raise StopIteration", "_thread.exit()",
#     "os.close(3) or os._exit(0)", "os.kill(os.getpid(), 2)",
#     "raise asyncio.CancelledError", "ctypes.CDLL(None).exit(0)", "ctypes.CDLL(None)._exit(0)",
#     "ctypes.pythonapi.Py_Exit(0)", "ctypes.pythonapi.Py_FinalizeEx()"]
import _thread
import asyncio
import ctypes
import os
import sys
from site import *


def f(x):
    $EACH
