# Returns a list nested a hundred thousand deep.
# expect: RUNTIME_ERROR nested
# violation: no
def f(x):
    held = []
    for _ in range(100_000):
        held = [held]
    return held
