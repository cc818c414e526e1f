# Ignores every signal that can be ignored, then spins.
# expect: TIME_LIMIT cpu
# violation: no
import signal


def f(x):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        pass
