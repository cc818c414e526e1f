"""Programs that reach for the host: its files, its kernel, its processes, its network."""

import platform

import pytest

from sandbox.jail.syscalls import NUMBERS
from sandbox.types import Verdict

SYSCALL = """
import ctypes
def f(x):
    libc = ctypes.CDLL(None)
    libc.syscall({number}, {args})
    return 4
"""

# x86_64 numbers of calls that no program may make.
FORBIDDEN = {
    "chroot": 161,
    "mount": 165,
    "umount2": 166,
    "pivot_root": 155,
    "unshare": 272,
    "setns": 308,
    "setuid": 105,
    "setgid": 106,
    "setresuid": 117,
    "capset": 126,
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "kcmp": 312,
    "bpf": 321,
    "perf_event_open": 298,
    "io_uring_setup": 425,
    "userfaultfd": 323,
    "keyctl": 250,
    "add_key": 248,
    "shmget": 29,
    "msgget": 68,
    "semget": 64,
    "mq_open": 240,
    "flock": 73,
    "socketpair": 53,
    "clone3": 435,
    "vfork": 58,
    "execveat": 322,
    "memfd_create": 319,
    "init_module": 175,
    "kexec_load": 246,
    "reboot": 169,
    "personality": 135,
    "modify_ldt": 154,
    "inotify_init1": 294,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "seccomp": 317,
    "sendmsg": 46,
    "recvmsg": 47,
    "quotactl": 179,
    "acct": 163,
    "swapon": 167,
    "settimeofday": 164,
    "sethostname": 170,
    "landlock_create_ruleset": 444,
    "memfd_secret": 447,
    "epoll_create1": 291,
    "ioperm": 173,
    "x32 getpid": 0x40000000 + 39,
    "a number that no call has": 9999,
}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are x86_64's")
@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_system_call(run, name):
    result = run(SYSCALL.format(number=FORBIDDEN[name], args="0, 0, 0, 0, 0"))
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation
    assert result.detail == "a forbidden system call"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are x86_64's")
def test_32_bit_system_call(run):
    source = """
import ctypes, mmap
def f(x):
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3]))  # mov eax, 20; int 0x80; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    return 4
"""
    result = run(source)
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation


@pytest.mark.parametrize("flags", ["CLONE_NEWUSER", "CLONE_VM", "CLONE_THREAD", "CLONE_PARENT"])
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are x86_64's")
def test_clone(run, flags):
    bits = {
        "CLONE_NEWUSER": 0x10000000,
        "CLONE_VM": 0x100,
        "CLONE_THREAD": 0x10000,
        "CLONE_PARENT": 0x8000,
    }[flags]
    result = run(SYSCALL.format(number=NUMBERS["clone"][0], args=f"{bits} | 17, 0, 0, 0, 0"))
    assert result.security_violation


@pytest.mark.parametrize("target", ["1", "os.getppid()", "-1", "0", "-os.getpid()"])
@pytest.mark.parametrize("signal", ["SIGKILL", "SIGSTOP", "SIGTERM"])
def test_signal_to_others(run, target, signal):
    result = run(
        f"import os, signal\ndef f(x):\n    os.kill({target}, signal.{signal})\n    return 4"
    )
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/self/maps", "/root", "/home", "/sys",
     "/dev/mem", "/dev/shm", "/var/run/docker.sock", "/work", "../../../etc/passwd"],
)  # fmt: skip
def test_read_of_the_host(run, path):
    source = f"""
import os
def f(x):
    path = {path!r}
    if os.path.isdir(path): return os.listdir(path)
    return open(path, 'rb').read()
"""
    result = run(source)
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert "FileNotFoundError" in result.detail


@pytest.mark.parametrize(
    "path", ["/x", "/tmp/x", "/usr/x", "/dev/shm/x", "/dev/x", "x", "/usr/bin/env"]
)
def test_write(run, path):
    result = run(f"def f(x):\n    open({path!r}, 'w').write('x')\n    return 4")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert any(name in result.detail for name in ("FileNotFound", "Read-only", "Permission"))


@pytest.mark.parametrize(
    "call",
    ["os.symlink('/etc/passwd', '/tmp/x')", "os.mkdir('/x')", "os.unlink('/usr/bin/env')",
     "os.rename('/usr', '/x')", "os.chmod('/usr', 0o777)", "os.truncate('/usr/bin/env', 0)",
     "os.link('/usr/bin/env', '/x')", "os.mkfifo('/x')", "os.chown('/usr', 0, 0)"],
)  # fmt: skip
def test_change_of_the_file_system(run, call):
    result = run(f"import os\ndef f(x):\n    {call}\n    return 4")
    assert result.verdict is Verdict.RUNTIME_ERROR


def test_root_holds_what_it_must_and_no_more(run):
    expected = ["bin", "dev", "lib", "lib32", "lib64", "python", "sbin", "usr"]
    source = f"import os\ndef f(x): return sorted(set(os.listdir('/')) - set({expected}))"
    assert run(source, expected=[]).verdict is Verdict.PASSED


def test_devices(run):
    source = "import os\ndef f(x): return sorted(os.listdir('/dev'))"
    assert run(source, expected=["null", "urandom", "zero"]).verdict is Verdict.PASSED


def test_no_way_up_from_the_root(run):
    source = "import os\ndef f(x): return os.stat('/..').st_ino == os.stat('/').st_ino"
    assert run(source, expected=True).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_VSOCK", "AF_NETLINK", "AF_PACKET"]
)
def test_socket(run, family):
    result = run(f"import socket\ndef f(x):\n    socket.socket(socket.{family})\n    return 4")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation


@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_FSIZE"])
def test_raising_a_limit(run, limit):
    source = f"""
import resource
def f(x):
    resource.setrlimit(resource.{limit}, (2**40, 2**40))
    return 4
"""
    result = run(source)
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.security_violation


def test_reading_a_limit_is_allowed(run):
    source = "import resource\ndef f(x): return resource.getrlimit(resource.RLIMIT_CORE)"
    assert run(source, expected=(0, 0)).verdict is Verdict.PASSED


@pytest.mark.parametrize("command", ["F_SETLK", "F_SETLKW", "F_SETLEASE", "F_SETOWN", "F_NOTIFY"])
def test_lock_or_lease_on_a_shared_file(run, command):
    source = f"""
import fcntl
def f(x):
    fcntl.fcntl(open('/usr/bin/env', 'rb'), fcntl.{command}, bytes(32))
    return 4
"""
    result = run(source)
    assert result.security_violation


def test_no_capability_and_no_root(run):
    source = """
import ctypes, os
def f(x):
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capget(header, data)
    return list(data), 0 in os.getresuid() + os.getresgid()
"""
    assert run(source, expected=([0] * 6, False)).verdict is Verdict.PASSED


def test_host_name_is_not_the_hosts(run):
    source = "import os\ndef f(x): return os.uname().nodename"
    assert run(source, expected="jail").verdict is Verdict.PASSED


def test_no_environment(run):
    source = "import os\ndef f(x): return set(os.environ) - {'LC_CTYPE'}"
    assert run(source, expected=set()).verdict is Verdict.PASSED


def test_no_other_process_is_seen(run):
    source = """
import os
def f(x):
    seen = []
    for pid in range(1, 3000):
        try:
            os.getpgid(pid)
            seen.append(pid)
        except ProcessLookupError: pass
    return len(seen)
"""
    # Itself and the jail's init, no more.
    assert run(source, expected=2).verdict is Verdict.PASSED


def test_terminal_injection(run):
    source = "import fcntl\ndef f(x):\n    fcntl.ioctl(0, 0x5412, b'x')\n    return 4"
    assert run(source).verdict is Verdict.RUNTIME_ERROR
