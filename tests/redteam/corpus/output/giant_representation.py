# Returns a number whose texts are giant: the harness must not ask for them.
# expect: WRONG_ANSWER
# violation: no
class Giant(int):
    def __repr__(self):
        return "x" * 10**9

    __str__ = __repr__

    def __format__(self, form):
        return "x" * 10**9


def f(x):
    return Giant(5)
