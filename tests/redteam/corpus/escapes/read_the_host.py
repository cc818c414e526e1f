# Reads what belongs to the host.
# expect: RUNTIME_ERROR FileNotFoundError | RUNTIME_ERROR PermissionError
# violation: no
# each: ["/etc/passwd", "/etc/shadow", "/etc/hostname", "/proc/1/environ", "/proc/self/maps",
#     "/proc/self/mem", "/proc/cpuinfo", "/proc/kcore", "/proc/sysrq-trigger",
#     "/root", "/home", "/sys", "/sys/kernel/security", "/sys/fs/cgroup", "/dev/mem", "/dev/kmsg",
#     "/dev/shm", "/dev/pts", "/dev/tty", "/dev/fuse", "/dev/kvm",
#     "/var/run/docker.sock", "/run", "/var/log", "/tmp", "/mnt", "/opt", "/boot", "/srv",
#     "../../../etc/passwd", "/usr/../etc/passwd", "/dev/../root", "/usr/share/../../etc/shadow"]
import os


def f(x):
    path = "$EACH"
    if os.path.isdir(path):
        return os.listdir(path)
    with open(path, "rb") as file:
        return file.read()
