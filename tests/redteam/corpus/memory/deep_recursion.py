# Recurses without end.
# expect: RUNTIME_ERROR RecursionError
# violation: no
def f(x):
    return f(x) + 1
