# Raises an exception whose class lies about its own name and bases.
# expect: RUNTIME_ERROR
# violation: no
# each: ["raise SystemExit", "return 4", "return 'AssertionError'", "return self"]
class Meta(type):
    @property
    def __name__(self):
        $EACH

    def __instancecheck__(self, other):
        return True

    def __subclasscheck__(self, other):
        return True


class Bad(BaseException, metaclass=Meta):
    pass


def f(x):
    raise Bad
