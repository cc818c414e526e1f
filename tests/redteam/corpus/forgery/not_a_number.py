# Returns nan for a number, which a careless comparison takes for near.
# expect: WRONG_ANSWER
# violation: no
# compare: 1e9
# tests: [((), 4.0)]
# each: ["float('nan')", "complex('nan')", "[4.0]", "'4.0'", "None", "True"]
def f():
    return $EACH
