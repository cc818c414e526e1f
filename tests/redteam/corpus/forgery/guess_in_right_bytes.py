# Writes a perfect frame with a guess: it is no more than the guess.
# expect: WRONG_ANSWER
# violation: no
# tests: [((2,), 6)]
import os


def f(x):
    for number in range(3, 64):
        try:
            os.write(number, b"V\x03\x00\x00\x00i5;D\x00\x00\x00\x00")
        except OSError:
            pass
    os._exit(0)
