# Writes to a standard stream for ever.
# expect: OUTPUT_LIMIT
# violation: no
# cpu: 5
# each: {"stdout": "1", "stderr": "2"}
import os


def f(x):
    while True:
        os.write($EACH, b"x" * 65536)
