# Returns the right value in another type.
# expect: WRONG_ANSWER
# violation: no
# tests: [((0,), 1), ((1,), [4]), ((2,), (4,)), ((3,), "x"), ((4,), [(1, 2)]), ((5,), False),
#     ((6,), 0.0), ((7,), 0), ((8,), 4), ((9,), "x"), ((10,), {}), ((11,), 0), ((12,), "4")]
VALUES = [
    1.0, (4,), [4], b"x", {1: 2}, None, 1e-300, 2**64, "4", "\ud800", set(), False, 4,
]  # fmt: skip


def f(x):
    return VALUES[x]
