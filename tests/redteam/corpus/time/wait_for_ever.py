# Waits without using the CPU, each way that needs no right.
# expect: TIME_LIMIT wall
# violation: no
# wall: 0.7
# each: {"pause": "signal.pause()", "select": "select.select([], [], [])",
#     "poll": "select.poll().poll()", "sigwait": "signal.sigwait({signal.SIGUSR1})",
#     "own pipe": "os.read(os.pipe()[0], 1)", "lock": "[lock.acquire() for _ in range(2)]",
#     "naps": "[time.sleep(0.05) for _ in range(10**6)]"}
import _thread
import os
import select
import signal
import time

lock = _thread.allocate_lock()


def f(x):
    $EACH
    return 4
