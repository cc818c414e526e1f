# Deletes its function in the first test.
# expect: RUNTIME_ERROR KeyError
# violation: no
# tests: [((2,), 4), ((2,), 4)]
def f(x):
    del globals()["f"]
    return 4
