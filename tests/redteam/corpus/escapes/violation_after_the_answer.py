# Answers right, then makes a forbidden call in the harness's last flush.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
import os
import sys


class Stream:
    def flush(self):
        os.fork()


sys.stdout = Stream()


def f(x):
    return 4
