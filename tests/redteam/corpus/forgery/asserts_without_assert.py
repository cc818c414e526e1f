# Takes the teeth out of assert statements.
# expect: RUNTIME_ERROR | WRONG_ANSWER
# violation: no
# code: "assert f(1) == 2\nassert f(2) == 3"
# each: ["import builtins; builtins.AssertionError = type('A', (Exception,), {'__init__': lambda *a: None})",
#     "import builtins; builtins.compile = lambda *a, **k: (lambda: 0).__code__",
#     "import builtins; builtins.exec = lambda *a: None", "__debug__ is False",
#     "import sys; sys.flags = None", "check = lambda candidate: None"]
$EACH


def f(x):
    return 5
