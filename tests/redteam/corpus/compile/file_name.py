# Compiles code under the harness's own names.
# expect: RUNTIME_ERROR ValueError
# violation: no
def f(x):
    exec(compile("raise ValueError", "/work/sandbox/jail/child.py", "exec"))
