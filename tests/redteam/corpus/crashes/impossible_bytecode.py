# Runs bytecode that no compiler makes.
# expect: RUNTIME_ERROR | WRONG_ANSWER | TIME_LIMIT
# violation: any
def g():
    return 4


def f(x):
    g.__code__ = g.__code__.replace(co_code=bytes(range(256)) * 4, co_stacksize=1)
    return g() and 5
