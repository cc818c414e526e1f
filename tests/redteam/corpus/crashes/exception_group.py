# Raises groups in groups.
# expect: RUNTIME_ERROR
# violation: no
def f(x):
    error = ValueError()
    for _ in range(5000):
        error = ExceptionGroup("x", [error])
    raise error
