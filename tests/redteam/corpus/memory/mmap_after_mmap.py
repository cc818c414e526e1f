# Maps and touches a megabyte at a time, shared and private.
# expect: MEMORY_LIMIT | RUNTIME_ERROR Cannot allocate memory
# violation: no
# cpu: 5
# most_rss: 268435456
# each: ["MAP_PRIVATE", "MAP_SHARED"]
import mmap


def f(x):
    held = []
    while True:
        held.append(mmap.mmap(-1, 2**20, mmap.$EACH | mmap.MAP_ANONYMOUS))
        for page in range(0, 2**20, 4096):
            held[-1][page] = 1
