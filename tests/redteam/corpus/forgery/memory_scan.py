# Reads all of its own memory that a pipe can be filled from, looking for the expected value.
# expect: WRONG_ANSWER
# violation: no
# cpu: 10
# tests: [(("dloh ton tsum liaj eht taht eulav eht",), "the value that the jail must not hold")]
import ctypes
import os


def f(x):
    needle = "".join(reversed(x)).encode()
    read, write = os.pipe()
    libc = ctypes.CDLL(None)
    libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    start, seen, hits, tail = id(f) & ~0xFFFFF, 0, 0, b""
    for page in range(start - 2**25, start + 2**25, 4096):
        if libc.write(write, page, 4096) == 4096:
            block = tail + os.read(read, 4096)
            hits += block.count(needle)
            tail, seen = block[1 - len(needle) :], seen + 1
        else:
            tail = b""
    assert seen > 300, f"the scan saw {seen} pages"
    return needle.decode() if hits > 6 else ""
