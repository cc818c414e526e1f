# Writes on when the reader is gone.
# expect: OUTPUT_LIMIT
# violation: no
# cpu: 5
import os
import signal

for number in (signal.SIGPIPE, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)


def f(x):
    while True:
        try:
            os.write(1, b"x" * 65536)
        except OSError:
            pass
