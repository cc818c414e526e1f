# Maps a terabyte without the allocator.
# expect: MEMORY_LIMIT | RUNTIME_ERROR Cannot allocate memory
# violation: no
# most_rss: 268435456
import mmap


def f(x):
    return len(mmap.mmap(-1, 2**40))
