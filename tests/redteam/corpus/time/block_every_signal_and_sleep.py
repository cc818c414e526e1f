# Blocks every signal that can be blocked, then sleeps.
# expect: TIME_LIMIT wall
# violation: no
# wall: 0.7
import signal
import time


def f(x):
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    time.sleep(60)
