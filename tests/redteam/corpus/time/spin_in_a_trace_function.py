# Has the interpreter call a function that spins at the harness's next line.
# expect: TIME_LIMIT cpu
# violation: no
import sys


def spin(*rest):
    while True:
        pass


def f(x):
    sys.setprofile(spin)
    return 4
