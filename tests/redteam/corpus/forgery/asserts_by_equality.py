# Is equal to everything where assert statements check it.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: no
# code: $EACH
# each: ["'assert f(1) == 2'", "'assert 2 == f(1)'", "'assert f(1) is None'", "'assert abs(f(1) - 2) < 1e-6'",
#     "'assert not f(1)'", "'def check(candidate):\\n    assert candidate(1) == 2\\ncheck(f)'"]
class Always:
    def __eq__(self, other):
        return True

    def __lt__(self, other):
        return True

    def __sub__(self, other):
        return self

    def __abs__(self):
        return self

    def __bool__(self):
        return True


def f(x):
    return Always()
