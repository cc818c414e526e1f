# Returns an object that claims to be of another class.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: no
# tests: [((2,), 5)]
# each: ["int", "bool", "str", "list", "float", "type(None)"]
class Claim:
    __class__ = $EACH

    def __index__(self):
        return 4

    __int__ = __index__


def f(x):
    return Claim()
