# Does what looks odd, and answers right.
# expect: PASSED
# violation: no
# cpu: 5
# tests: [((2,), 4), ((3,), 6)]
# each: {"prints": "print('FAILED'); print('Traceback', file=sys.stderr)",
#     "catches": "print(end='') if not x else None",
#     "large and freed": "held = bytearray(10**8); del held",
#     "memory error caught": "large()", "recursion caught": "deep(0)",
#     "recursion limit": "sys.setrecursionlimit(20_000); down(9000)",
#     "closes the streams": "sys.stdout.close(); sys.stderr.close()",
#     "handles signals": "signal.signal(signal.SIGALRM, print); signal.alarm(100)",
#     "naps": "time.sleep(0.01)", "a little output": "print('x' * 100_000)",
#     "collects": "gc.collect(); gc.freeze()", "random": "random.seed(); random.random()",
#     "refused write": "write()", "own pipe": "os.write(os.pipe()[1], b'x')",
#     "finalizer": "kept.append(Kept())", "umask": "os.umask(0o77)"}
import gc
import os
import random
import signal
import sys
import time


kept = []


class Kept:
    def __del__(self):
        os.abort()


def large():
    try:
        bytearray(2**40)
    except MemoryError:
        pass


def deep(n):
    try:
        deep(n + 1)
    except RecursionError:
        pass


def down(n):
    return n and down(n - 1)


def write():
    try:
        open("/tmp/x", "w")
    except OSError:
        pass


def f(x):
    $EACH
    return 2 * x
