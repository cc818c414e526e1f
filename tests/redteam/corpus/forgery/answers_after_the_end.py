# Writes answers where the harness flushes standard output, after its last word.
# expect: RUNTIME_ERROR
# violation: yes
# tests: [((2,), 123456)]
import os
import sys


class Stream:
    def flush(self):
        for number in range(3, 64):
            try:
                os.write(number, b"V\x03\x00\x00\x00i4;")
            except OSError:
                pass


sys.stdout = Stream()


def f(x):
    return 4
