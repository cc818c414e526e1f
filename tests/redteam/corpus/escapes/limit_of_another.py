# Sets or reads a limit of the jail's init.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# each: ["resource.prlimit(1, resource.RLIMIT_NOFILE)",
#     "resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))",
#     "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))"]
import os
import resource


def f(x):
    $EACH
    return 4
