# Returns a value that holds itself.
# expect: RUNTIME_ERROR
# violation: no
# each: {"list": "held = []; held.append(held)", "dict": "held = {}; held[0] = held",
#     "through a tuple": "held = ([],); held[0].append(held)"}
def f(x):
    $EACH
    return held
