# Is a coroutine driver that spins inside a generator's close.
# expect: TIME_LIMIT cpu
# violation: no
def stubborn():
    while True:
        try:
            yield
        except GeneratorExit:
            while True:
                pass


def f(x):
    made = stubborn()
    next(made)
    made.close()
