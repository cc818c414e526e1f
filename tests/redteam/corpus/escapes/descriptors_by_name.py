# Opens its own descriptors anew by their names; at T3 it may, and finds nothing but its own pipes.
# expect: RUNTIME_ERROR FileNotFoundError
# violation: no
# tiers: T1 T2
# each: ["/proc/self/fd/3", "/dev/stdin", "/dev/fd/0"]
def f(x):
    with open("$EACH", "rb") as file:
        return file.read()
