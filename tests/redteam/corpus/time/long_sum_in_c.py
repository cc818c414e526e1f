# Spins in C loops that never come back to the interpreter.
# expect: TIME_LIMIT cpu
# violation: no
def f(x):
    return sum(range(10**15))
