# Clones with flags that no plain fork has.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# machine: x86_64
# each: {"plain": "0x1200011", "new user namespace": "0x10000011", "shared memory": "0x111",
#     "thread": "0x10911", "sibling": "0x8011", "untraced": "0x800011", "no signal": "0"}
import ctypes


def f(x):
    return 4 + 0 * ctypes.CDLL(None).syscall(56, ctypes.c_long($EACH), 0, 0, 0, 0)
