# Returns a bool where the number is asked for.
# expect: WRONG_ANSWER
# violation: no
# tests: [((), 1)]
def f():
    return True
