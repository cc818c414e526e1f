"""The kernel calls that Python 3.11 does not offer, through ctypes. No work at import."""

import contextlib
import ctypes
import os
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 2
MS_NODEV = 4
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

CAP_KILL = 5
CAP_SETGID = 6
CAP_SETUID = 7

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 1
_MOUNT_ATTR_NOSUID = 2

_KEYCTL_JOIN_SESSION_KEYRING = 1

# The only numbers needed here; the filter has its own table. New calls have one number everywhere.
_NEW_NUMBERS = {
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
}
_NUMBERS = {
    "x86_64": {"pivot_root": 155, "capset": 126, "seccomp": 317, "keyctl": 250, **_NEW_NUMBERS},
    "aarch64": {"pivot_root": 41, "capset": 91, "seccomp": 277, "keyctl": 219, **_NEW_NUMBERS},
}


class KernelError(OSError):
    """A kernel call that failed; the message names the call."""


class Kernel:
    """The C library's calls, with errors raised."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._numbers = _NUMBERS[platform_machine()]

    def _check(self, name: str, result: int) -> None:
        if result < 0:
            code = ctypes.get_errno()
            raise KernelError(code, f"{name}: {os.strerror(code)}")

    def unshare(self, flags: int) -> None:
        """Move this process (or its next child: pid) into new namespaces."""
        self._check("unshare", self._libc.unshare(ctypes.c_int(flags)))

    def mount(self, source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
        """Mount, bind, or change propagation."""
        self._check(
            f"mount {target}",
            self._libc.mount(
                source.encode(),
                target.encode(),
                kind.encode() if kind else None,
                ctypes.c_ulong(flags),
                data.encode(),
            ),
        )

    def make_read_only(self, path: str) -> None:
        """Make a mount and all below it read-only and deaf to set-user-id bits."""
        attributes = struct.pack("QQQQ", _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID, 0, 0, 0)
        self.system_call(
            "mount_setattr",
            ctypes.c_int(_AT_FDCWD),
            path.encode(),
            ctypes.c_uint(_AT_RECURSIVE),
            attributes,
            ctypes.c_size_t(len(attributes)),
        )

    def enter_root(self, path: str) -> None:
        """Make `path` (a mount) the root and let go of the old one."""
        os.chdir(path)
        self.system_call("pivot_root", b".", b".")
        self._check("umount2", self._libc.umount2(b".", ctypes.c_int(MNT_DETACH)))
        os.chdir("/")

    def prctl(self, option: int, value: int) -> None:
        """Prctl with one argument."""
        arguments = [ctypes.c_ulong(item) for item in (value, 0, 0, 0)]
        self._check(f"prctl {option}", self._libc.prctl(ctypes.c_int(option), *arguments))

    def set_host_name(self, name: str) -> None:
        """Name of the host, in this namespace."""
        self._check(
            "sethostname", self._libc.sethostname(name.encode(), ctypes.c_size_t(len(name)))
        )

    def drop_capabilities(self, keep: tuple[int, ...]) -> None:
        """Drop all capabilities but these, from the bounding set too."""
        self.bound_capabilities(keep)
        mask = sum(1 << capability for capability in keep)
        header = struct.pack("Ii", 0x20080522, 0)
        self.system_call("capset", header, struct.pack("IIIIII", mask, mask, 0, 0, 0, 0))

    def bound_capabilities(self, keep: tuple[int, ...]) -> None:
        """Give up the right to ever gain any capability but these."""
        for capability in range(64):
            if capability not in keep:
                result = self._libc.prctl(ctypes.c_int(PR_CAPBSET_DROP), ctypes.c_ulong(capability))
                if result < 0:
                    break  # past the last one that this kernel knows, or without the right to

    def leave_session_keyring(self) -> None:
        """Join a new keyring of keys; where the call itself is barred none can be reached."""
        with contextlib.suppress(KernelError):
            self.system_call("keyctl", ctypes.c_int(_KEYCTL_JOIN_SESSION_KEYRING), None)

    def system_call(self, name: str, *args: object) -> int:
        """Make a call that the C library has no function for, by its name; return its result."""
        number = ctypes.c_long(self._numbers[name])
        result = self._libc.syscall(number, *args)
        self._check(name, result)
        return int(result)

    def prepared_filter(self, program: bytes) -> "Filter":
        """Return a seccomp filter that is ready to install, also after a fork."""
        return Filter(self._libc, self._numbers["seccomp"], program)


class Filter:
    """A seccomp program, its buffers allocated once so that installing touches little memory."""

    def __init__(self, libc: ctypes.CDLL, number: int, program: bytes) -> None:
        self._code = ctypes.create_string_buffer(program, len(program))
        self._header = ctypes.create_string_buffer(
            struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(self._code)), 16
        )
        self._syscall = libc.syscall
        self._arguments = (
            ctypes.c_long(number),
            ctypes.c_uint(1),  # SECCOMP_SET_MODE_FILTER
            ctypes.c_uint(0),
            self._header,
        )

    def install(self) -> None:
        """Install it on this process for good."""
        if self._syscall(*self._arguments) != 0:
            raise KernelError(ctypes.get_errno(), "seccomp: the filter was refused")


def platform_machine() -> str:
    """Return the machine's name, refused where there is no system call table for it."""
    machine = os.uname().machine
    if machine not in _NUMBERS:
        raise KernelError(
            f"the sandbox knows the system calls of {sorted(_NUMBERS)}, not {machine}"
        )
    return machine
