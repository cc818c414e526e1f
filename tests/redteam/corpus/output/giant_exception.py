# Raises with a message of ten megabytes.
# expect: RUNTIME_ERROR ValueError
# violation: no
def f(x):
    raise ValueError("x" * 10**7)
