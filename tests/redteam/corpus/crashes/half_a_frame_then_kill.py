# Writes half an answer and kills itself.
# expect: RUNTIME_ERROR SIGKILL
# violation: no
import os
import signal


def f(x):
    for number in range(3, 64):
        try:
            os.write(number, b"V\x40\x00\x00\x00i")
        except OSError:
            pass
    os.kill(os.getpid(), signal.SIGKILL)
