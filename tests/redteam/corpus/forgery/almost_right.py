# Returns a value that only looks right.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: no
# tests: [((), $EACH)]
# each: ["4", "4.0"]
def f():
    return float("nan")
