# Asks for a terabyte before any test.
# expect: MEMORY_LIMIT
# violation: no
held = bytearray(2**40)


def f(x):
    return 4
