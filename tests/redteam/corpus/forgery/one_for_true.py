# Returns a number where the bool is asked for.
# expect: WRONG_ANSWER
# violation: no
# tests: [((), True)]
def f():
    return 1
