# Leaves its session or group, so that a kill of the group would miss it.
# expect: RUNTIME_ERROR PermissionError
# violation: no
# each: ["os.setsid()", "os.setpgid(0, 0)", "os.setpriority(os.PRIO_PROCESS, 0, -20)",
#     "os.sched_setaffinity(0, {0})"]
import os


def f(x):
    $EACH
    return 4
