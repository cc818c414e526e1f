"""Hosts that lack something: this one, with system calls taken away by the kernel itself."""

import re
import struct
import sys
from pathlib import Path

HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
ALLOW, ENOSYS = 0x7FFF0000, 0x00050026

APPLY = """
import os, sys
from sandbox.jail.kernel import PR_SET_NO_NEW_PRIVS, Kernel
kernel = Kernel()
kernel.prctl(PR_SET_NO_NEW_PRIVS, 1)
kernel.prepared_filter(open(sys.argv[1], "rb").read()).install()
os.execv(sys.argv[2], sys.argv[2:])
"""


def numbers() -> dict[str, int]:
    """Every system call that the header knows."""
    found = re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text())
    return {name: int(number) for name, number in found}


def only(names: set[str], folder: Path) -> list[str]:
    """The start of a command that may make these calls; others are answered ENOSYS."""
    known = numbers()
    code = [(0x20, 0, 0, 0)]
    for name in sorted(names & set(known)):
        code += [(0x15, 0, 1, known[name]), (0x06, 0, 0, ALLOW)]
    code.append((0x06, 0, 0, ENOSYS))
    path = folder / "filter.bpf"
    path.write_bytes(b"".join(struct.pack("HBBI", *item) for item in code))
    return [sys.executable, "-c", APPLY, str(path)]


def without(names: set[str], folder: Path) -> list[str]:
    """The start of a command that finds these calls not there."""
    return only(set(numbers()) - names, folder)
