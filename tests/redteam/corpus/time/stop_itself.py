# Stops its own process, so that nothing ends it.
# expect: TIME_LIMIT wall
# violation: no
# wall: 0.7
import os
import signal


def f(x):
    os.kill(os.getpid(), signal.SIGSTOP)
