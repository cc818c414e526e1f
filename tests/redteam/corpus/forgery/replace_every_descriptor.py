# Puts the null device in the place of every descriptor.
# expect: RUNTIME_ERROR
# violation: no
import os


def f(x):
    null = os.open("/dev/null", os.O_WRONLY)
    for number in range(3, 64):
        os.dup2(null, number)
    return 4
