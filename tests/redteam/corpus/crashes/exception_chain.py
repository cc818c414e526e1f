# Raises with a chain of a hundred thousand causes.
# expect: RUNTIME_ERROR ValueError
# violation: no
# cpu: 5
def f(x):
    error = None
    for _ in range(100_000):
        made = ValueError()
        made.__context__ = error
        error = made
    raise error
