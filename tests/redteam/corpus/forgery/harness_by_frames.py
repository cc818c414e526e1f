# Finds the harness's own functions through its frames and calls them with a guess.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: any
# tests: [((2,), 123456), ((3,), 123457)]
import sys


def f(x):
    frame = sys._getframe()
    while frame:
        for name, held in frame.f_locals.items():
            if name == "emit":
                held(b"V", b"i7;")
                held(b"P")
                held(b"D")
        frame = frame.f_back
    return 5
