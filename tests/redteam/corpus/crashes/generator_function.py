# Yields its answer.
# expect: RUNTIME_ERROR returned a value of type generator
# violation: no
def f(x):
    yield 4
