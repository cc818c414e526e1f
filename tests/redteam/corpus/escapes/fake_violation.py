# Sends itself the signal of a forbidden call: it harms nobody but itself.
# expect: RUNTIME_ERROR
# violation: any
import os
import signal


def f(x):
    os.kill(os.getpid(), signal.SIGSYS)
