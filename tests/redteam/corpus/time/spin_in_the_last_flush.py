# Answers right, then spins where the harness flushes standard output.
# expect: TIME_LIMIT cpu
# violation: no
import sys


class Stream:
    def flush(self):
        while True:
            pass


sys.stdout = Stream()


def f(x):
    return 2 * x
