# Starts threads for ever and catches whatever comes.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
import _thread
import time


def f(x):
    while True:
        try:
            _thread.start_new_thread(time.sleep, (60,))
        except BaseException:
            pass
