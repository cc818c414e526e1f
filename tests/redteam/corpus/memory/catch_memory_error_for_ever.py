# Catches MemoryError and asks again.
# expect: TIME_LIMIT cpu | MEMORY_LIMIT
# violation: no
def f(x):
    held = []
    while True:
        try:
            while True:
                held.append(bytearray(2**20))
        except MemoryError:
            pass
