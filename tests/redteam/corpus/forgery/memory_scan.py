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
    start, seen, hits = id(f) & ~0xFFFFF, 0, 0
    # One buffer for all pages: copies of its own would be found as often as anything else.
    held, page_size = bytearray(128 + 4096), 4096
    page_of, end_of = memoryview(held)[128:], memoryview(held)[4096:]
    for page in range(start - 2**25, start + 2**25, page_size):
        if libc.write(write, page, page_size) == page_size:
            held[:128] = end_of
            os.readv(read, [page_of])
            hits, seen = hits + held.count(needle), seen + 1
    assert seen > 300, f"the scan saw {seen} pages"
    return needle.decode() if hits > 6 else ""
