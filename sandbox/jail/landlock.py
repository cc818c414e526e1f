"""Landlock: the kernel's own sandbox for those who may not build namespaces (tier T3).

Numbers and structures as in linux/landlock.h. What a kernel's version of it knows is all taken away
but reading below the paths given: writing, making, executing, TCP, abstract sockets, and signals to
processes outside.
"""

import ctypes
import errno
import os
import struct

from sandbox.jail.kernel import Kernel, KernelError

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_NET = (1 << 0) | (1 << 1)  # TCP: bind, connect
_SCOPES = (1 << 0) | (1 << 1)  # abstract UNIX sockets, signals

_NET_SINCE = 4
_SCOPES_SINCE = 6
# How many rights on files each version knows; later ones no more than the last.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}


def version(kernel: Kernel) -> int:
    """Return which version of Landlock the kernel has; 0: none, or it is not enabled."""
    try:
        return kernel.system_call(
            "landlock_create_ruleset",
            None,
            ctypes.c_size_t(0),
            ctypes.c_uint(_CREATE_RULESET_VERSION),
        )
    except KernelError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def restrict(kernel: Kernel, folders: list[str], devices: list[str]) -> None:
    """Leave this process and its children only reading in `folders`, reading and writing `devices`.

    Needs no rights, but `no_new_privs`.

    Raises:
        KernelError: it can't be had.

    """
    known = version(kernel)
    if known == 0:
        raise KernelError(errno.ENOSYS, "Landlock is not there or not enabled")
    rights = (1 << _FILE_RIGHTS.get(known, max(_FILE_RIGHTS.values()))) - 1
    attributes = struct.pack("Q", rights)
    if known >= _NET_SINCE:
        attributes += struct.pack("Q", _NET)
    if known >= _SCOPES_SINCE:
        attributes += struct.pack("Q", _SCOPES)
    ruleset = kernel.system_call(
        "landlock_create_ruleset", attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0)
    )
    for folder in folders:
        _allow(kernel, ruleset, folder, _READ_FILE | _READ_DIR)
    for device in devices:
        _allow(kernel, ruleset, device, _READ_FILE | _WRITE_FILE)
    kernel.system_call("landlock_restrict_self", ctypes.c_int(ruleset), ctypes.c_uint(0))
    os.close(ruleset)


def _allow(kernel: Kernel, ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = struct.pack("<Qi", rights, descriptor)
    kernel.system_call(
        "landlock_add_rule",
        ctypes.c_int(ruleset),
        ctypes.c_int(_RULE_PATH_BENEATH),
        rule,
        ctypes.c_uint(0),
    )
    os.close(descriptor)
