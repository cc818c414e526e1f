# Sets a limit of its own process.
# expect: RUNTIME_ERROR a forbidden system call
# violation: yes
# each: ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE",
#     "RLIMIT_STACK", "RLIMIT_MEMLOCK"]
import resource


def f(x):
    resource.setrlimit(resource.$EACH, (2**40, 2**40))
    return 4
