# Leaves no memory for the harness to answer with.
# expect: MEMORY_LIMIT | RUNTIME_ERROR | WRONG_ANSWER
# violation: no
# cpu: 5
held = []


def f(x):
    size = 2**20
    while size:
        try:
            held.append(bytearray(size))
        except MemoryError:
            size //= 2
    return 5
