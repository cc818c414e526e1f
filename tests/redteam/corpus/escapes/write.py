# Writes a file.
# expect: RUNTIME_ERROR Read-only | RUNTIME_ERROR PermissionError | RUNTIME_ERROR FileNotFoundError
# violation: no
# each: ["/x", "/tmp/treewright-was-here", "/usr/x", "/dev/shm/x", "/dev/x", "x", "/usr/bin/env", "/usr/lib/x",
#     "/var/tmp/x", "/proc/sys/kernel/core_pattern", "/sys/kernel/uevent_helper",
#     "/usr/local/lib/x", "/python/x"]
def f(x):
    with open("$EACH", "w") as file:
        file.write("x")
    return 4
