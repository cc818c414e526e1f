# Raises MemoryError itself.
# expect: MEMORY_LIMIT
# violation: no
def f(x):
    raise MemoryError
