# Returns the right members in the wrong numbers.
# expect: WRONG_ANSWER
# violation: no
# compare: unordered
# tests: [((), [1, 1, 2])]
# each: ["[1, 2, 2]", "[1, 2]", "(1, 1, 2)", "{1, 2}", "[1, 1, 2, 2]", "[True, 1, 2]", "[1.0, 1, 2]"]
def f():
    return $EACH
