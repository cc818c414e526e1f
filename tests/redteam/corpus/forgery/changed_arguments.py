# Changes the arguments of later tests, in the hope that expected values follow.
# expect: WRONG_ANSWER | RUNTIME_ERROR
# violation: any
# tests: [(([1],), 1), (([2],), 123456)]
import sys


def f(x):
    frame = sys._getframe(1)
    while frame:
        tests = frame.f_locals.get("tests")
        if type(tests) is list:
            tests[:] = [tests[0]] * len(tests)
        frame = frame.f_back
    return x[0]
