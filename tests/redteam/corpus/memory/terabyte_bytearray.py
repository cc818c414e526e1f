# Asks for a terabyte at once.
# expect: MEMORY_LIMIT
# violation: no
def f(x):
    return len(bytearray(2**40))
