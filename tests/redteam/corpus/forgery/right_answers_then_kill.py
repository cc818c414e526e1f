# Answers right and kills itself before the harness ends.
# expect: RUNTIME_ERROR SIGKILL
# violation: no
# tests: [((2,), 4), ((3,), 6)]
import os
import signal
import sys


class Stream:
    def flush(self):
        os.kill(os.getpid(), signal.SIGKILL)


sys.stdout = Stream()


def f(x):
    return 2 * x
