# Spins for ever in the call.
# expect: TIME_LIMIT cpu
# violation: no
def f(x):
    while True:
        pass
