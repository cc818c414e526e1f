# Takes other arguments than it is given.
# expect: RUNTIME_ERROR TypeError
# violation: no
def f(x, y):
    return 4
