# Catches whatever could be thrown at it.
# expect: TIME_LIMIT cpu
# violation: no
def f(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
