# Writes many guesses, so that one of them may be right.
# expect: RUNTIME_ERROR more answers than tests
# violation: yes
# tests: [((1,), 4), ((2,), 4)]
import os

for number in range(3, 64):
    try:
        os.write(number, b"V\x03\x00\x00\x00i4;" * 5)
    except OSError:
        pass


def f(x):
    return 4
