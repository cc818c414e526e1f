# Takes the tests away from the harness.
# expect: RUNTIME_ERROR fewer answers than tests | WRONG_ANSWER
# violation: any
# tests: [((1,), 1), ((2,), 2), ((3,), 3)]
import sys


def f(x):
    frame = sys._getframe()
    while frame:
        for held in frame.f_locals.values():
            if type(held) is list:
                held.clear()
        frame = frame.f_back
    return 1
