# Grows in small pieces: its peak must stay below its own, smaller limit.
# expect: MEMORY_LIMIT
# violation: no
# cpu: 5
# memory: 67108864
# most_rss: 67108864
def f(x):
    held = []
    while True:
        held.append(b"x" * 4096 + bytes(held and 1))
