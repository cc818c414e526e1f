# Returns an object that says whatever it is asked for.
# expect: RUNTIME_ERROR | WRONG_ANSWER | OUTPUT_LIMIT
# violation: no
# tests: [((2,), 123456)]
# each: ["object", "int", "str", "list", "dict", "tuple", "float", "bytes", "set", "complex"]
class Liar($EACH):
    def __getattribute__(self, name):
        return lambda *rest: Liar()

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([4])

    def __getitem__(self, at):
        return 4

    def __index__(self):
        return 4

    def __hash__(self):
        return 4

    def __add__(self, other):
        return "4"

    def __str__(self):
        return "4"

    __repr__ = __str__
    __int__ = __index__
    __class__ = int


def f(x):
    return Liar()
