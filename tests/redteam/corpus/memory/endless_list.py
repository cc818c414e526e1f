# Appends for ever.
# expect: MEMORY_LIMIT
# violation: no
# cpu: 5
def f(x):
    held = []
    while True:
        held.append(bytearray(2**20))
