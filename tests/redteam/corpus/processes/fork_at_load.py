# Forks before any test.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
import os

os.fork()


def f(x):
    return 4
