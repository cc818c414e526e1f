# Reads standard input, where there is none.
# expect: RUNTIME_ERROR EOFError
# violation: no
def f(x):
    return int(input())
