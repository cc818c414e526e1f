# Makes something that others find by its name: shared memory, a semaphore, a queue.
# expect: PASSED
# violation: no
# tests: [((), [-1, 0])]
import ctypes


def f():
    libc = ctypes.CDLL(None)
    libc.sem_open.restype = ctypes.c_size_t
    return [libc.shm_open(b"/x", 66, 0o600), libc.sem_open(b"/x", 66, 0o600, 1)]
