# Returns the right value as an instance of a subclass, which equals it.
# expect: PASSED
# violation: no
# tests: [((), [1, "x", [2], (3, 4), {5: 6}, 7.5, 1])]
import collections
import enum


class Number(enum.IntEnum):
    ONE = 1


class Text(str):
    pass


Pair = collections.namedtuple("Pair", "x y")


def f():
    return [
        Number.ONE,
        Text("x"),
        type("Items", (list,), {})([2]),
        Pair(3, 4),
        collections.OrderedDict({5: 6}),
        type("Real", (float,), {})(7.5),
        collections.Counter("x")["x"],
    ]
