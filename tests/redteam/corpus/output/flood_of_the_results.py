# Writes to the descriptors that the harness answers on, for ever.
# expect: OUTPUT_LIMIT
# violation: any
# cpu: 5
import os


def f(x):
    while True:
        for number in range(3, 20):
            try:
                os.write(number, b"x" * 65536)
            except OSError:
                pass
