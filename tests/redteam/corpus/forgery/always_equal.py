# Returns an object that is equal to everything.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: no
# each: ["object", "int", "str", "list", "dict", "tuple", "float", "bytes", "set", "frozenset", "complex"]
class Always($EACH):
    __hash__ = None

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__

    def __bool__(self):
        return True

    def __instancecheck__(self, other):
        return True


def f(x):
    return Always()
