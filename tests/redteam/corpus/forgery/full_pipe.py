# Makes the results pipe refuse instead of wait, and fills it.
# expect: RUNTIME_ERROR | OUTPUT_LIMIT | WRONG_ANSWER
# violation: any
import os


def f(x):
    for number in range(3, 64):
        try:
            os.set_blocking(number, False)
            while True:
                os.write(number, b"\x00" * 4096)
        except OSError:
            pass
    return 5
