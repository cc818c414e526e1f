# Defines another function than the one asked for.
# expect: RUNTIME_ERROR defines no f
# violation: no
def g(x):
    return 4
