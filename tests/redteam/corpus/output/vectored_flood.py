# Writes many buffers with one call, for ever.
# expect: OUTPUT_LIMIT
# violation: no
# cpu: 5
import os


def f(x):
    buffers = [b"x" * 4096] * 512
    while True:
        os.writev(1, buffers)
