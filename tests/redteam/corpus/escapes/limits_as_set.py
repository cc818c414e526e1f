# Reads its limits: no core file, no file of its own, no other process.
# expect: PASSED
# violation: no
# tests: [((), [(0, 0), (0, 0), (1, 1), (0, 0)])]
import resource


def f():
    names = ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_MEMLOCK")
    return [resource.getrlimit(getattr(resource, name)) for name in names]
