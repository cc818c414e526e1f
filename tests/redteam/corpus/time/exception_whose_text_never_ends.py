# Spins while the harness asks its exception for a message.
# expect: TIME_LIMIT cpu
# violation: no
class Bad(Exception):
    def __str__(self):
        while True:
            pass


def f(x):
    raise Bad
