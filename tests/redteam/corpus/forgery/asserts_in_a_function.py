# Hopes that assert statements in a function are defined and never run.
# expect: WRONG_ANSWER
# violation: no
# code: $EACH
# each: {"function": "'def test():\\n    assert f(1) == 2\\ntest()'",
#     "class": "'class T:\\n    def test(self):\\n        assert f(1) == 2\\nT().test()'",
#     "loop": "'def test(n):\\n    assert f(n) == 2 * n\\nfor n in range(3):\\n    test(n)'"}
def f(x):
    return 5
