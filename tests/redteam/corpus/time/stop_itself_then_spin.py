# Goes on after each stop; the clock that counts its CPU time must not be fooled.
# expect: TIME_LIMIT
# violation: no
# wall: 2
import os
import signal


def f(x):
    signal.signal(signal.SIGCONT, lambda *rest: None)
    os.kill(os.getpid(), signal.SIGTSTP)
    while True:
        pass
