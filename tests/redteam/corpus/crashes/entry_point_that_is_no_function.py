# Puts something else in the place of the function.
# expect: RUNTIME_ERROR TypeError
# violation: no
# each: ["4", "None", "'f'", "[4]", "{2: 4}"]
f = $EACH
