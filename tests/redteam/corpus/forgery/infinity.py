# Returns infinity under a relative tolerance.
# expect: WRONG_ANSWER
# violation: no
# compare: 0.5
# tests: [((), 4.0)]
# each: ["float('inf')", "-float('inf')", "10**400", "complex('inf')"]
def f():
    return $EACH
