# Fakes a time limit by the signal that the kernel sends at one.
# expect: RUNTIME_ERROR SIGXCPU
# violation: no
import os
import signal


def f(x):
    os.kill(os.getpid(), signal.SIGXCPU)
