# Sleeps longer than its wall limit.
# expect: TIME_LIMIT wall
# violation: no
# wall: 0.7
import time


def f(x):
    time.sleep(60)
