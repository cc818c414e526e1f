"""The seccomp programs, run by an interpreter of classic BPF."""

import platform
import re
import struct
from pathlib import Path

import pytest

from sandbox.jail import filters
from sandbox.jail.syscalls import NUMBERS

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}.get(platform.machine(), 0)
COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine(), 0)
ALLOW, EPERM, ENOTTY, KILL = 0x7FFF0000, 0x00050001, 0x00050019, 0x80000000

pytestmark = pytest.mark.skipif(ARCH == 0, reason="a machine without a table")


PID = 1234


def decide(program: bytes, number: int, *args: int, arch: int = ARCH) -> int:
    data = struct.pack("<iIQ6Q", number, arch, 0, *args, *([0] * (6 - len(args))))
    code = list(struct.iter_unpack("HBBI", program))
    accumulator = position = 0
    while True:
        kind, true, false, k = code[position]
        position += 1
        if kind == 0x20:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif kind == 0x06:
            return int(k)
        elif kind == 0x05:
            position += k
        else:
            taken = accumulator == k if kind == 0x15 else accumulator >= k
            position += true if taken else false


def number(name: str) -> int:
    found = NUMBERS[name][COLUMN]
    assert found is not None
    return found


def zygote(name: str, *args: int) -> int:
    return decide(filters.zygote_filter(), number(name), *args)


def program(name: str, *args: int) -> int:
    """The stricter of the two filters decides, as in the kernel."""
    order = [KILL, EPERM, ENOTTY, ALLOW]
    return min(
        zygote(name, *args),
        decide(filters.for_process(filters.program_filter(), PID), number(name), *args),
        key=order.index,
    )


def test_other_machines_are_killed():
    for arch in (0x40000003, 0xC00000B7 ^ 0xC000003E ^ ARCH):
        assert decide(filters.zygote_filter(), number("read"), arch=arch) == KILL
    assert decide(filters.zygote_filter(), 0x40000000 | 1) == KILL


def test_what_is_not_listed_is_killed():
    listed = {numbers[COLUMN] for numbers in NUMBERS.values()}
    for other in range(600):
        if other not in listed:
            assert decide(filters.zygote_filter(), other) == KILL


def test_the_zygote_may_fork_and_a_program_may_not():
    assert zygote("clone", 0x01200011) == ALLOW
    assert program("clone", 0x01200011) == KILL
    for flags in (0x10000000, 0x100, 17, 0x01200011 | 0x10000000):
        assert zygote("clone", flags) == KILL


@pytest.mark.parametrize("name", ["setresuid", "setgroups", "seccomp", "recvmsg", "pidfd_open"])
def test_what_only_the_zygote_may(name):
    assert zygote(name) == ALLOW
    assert program(name) == KILL


@pytest.mark.parametrize("name", ["kill", "tkill", "tgkill"])
def test_signals(name):
    assert zygote(name, 2) == zygote(name, 2**31 - 1) == program(name, PID) == ALLOW
    for target in (0, 1, 2**32 - 1, 2**32 - 7, 2**31):
        assert zygote(name, target) == KILL
    for target in (0, 1, 2, PID - 1, PID + 1, filters.SELF, 2**32 - PID, 2**32 - 1):
        assert program(name, target) == KILL


def test_limits_may_be_read_and_not_set():
    assert program("prlimit64", 0, 9, 0, 0xFFFF) == ALLOW
    for pointer in (1, 1 << 40):
        assert program("prlimit64", 0, 9, pointer) == KILL
    assert zygote("prlimit64", 0, 9, 1) == ALLOW
    assert zygote("prlimit64", 5, 9, 0) == KILL


def test_locks_and_terminals():
    assert program("fcntl", 0, 3) == ALLOW
    for command in (5, 6, 7, 8, 36, 37, 38, 1024, 1026, 1033):
        assert program("fcntl", 0, command) == KILL
    assert program("ioctl", 0, 0x5401) == ALLOW
    assert program("ioctl", 0, 0x5412) == ENOTTY


def test_a_process_ends_with_its_zygote_and_may_not_change_that():
    assert zygote("prctl", 1) == ALLOW
    assert zygote("prctl", 4) == program("prctl", 1) == program("prctl", 4) == EPERM


def test_each_filter_treats_every_call_as_a_plain_list_would():
    """The search by halving and the short form against looking a call up in the list."""
    names = {numbers[COLUMN]: name for name, numbers in NUMBERS.items()}
    blocks = [
        *((name, [filters.ret(ALLOW)]) for name in filters.ALLOWED.split()),
        *((name, [filters.ret(EPERM)]) for name in filters.REFUSED.split()),
        ("read", [filters.ret(KILL)]),  # too late: the first of a name counts
    ]
    expected = {name: block[0][3] for name, block in reversed(blocks)}
    expected["read"] = ALLOW
    some = blocks[3:9]
    for call in range(600):
        name = names.get(call, "")
        assert decide(filters.assemble(blocks, ENOTTY), call) == expected.get(name, ENOTTY), name
        short = decide(filters.assemble_short(some, ENOTTY), call)
        assert short == dict(some).get(name, [filters.ret(ENOTTY)])[0][3], name
    assert decide(filters.assemble_short(some, ENOTTY), 0x40000000) == KILL


def test_harmless_changes_are_refused_quietly():
    assert program("mkdirat") == program("fchmod") == EPERM


@pytest.mark.parametrize(
    ("column", "header"),
    [
        (0, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        (1, "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_numbers_are_the_kernels(column, header):
    path = Path(header)
    if not path.exists():
        pytest.skip(f"{header} is not here")
    text = path.read_text()
    known = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)$", text, re.MULTILINE))
    checked = 0
    for name, numbers in NUMBERS.items():
        if name in known:
            checked += 1
            assert numbers[column] in (int(known[name]), None), name
    assert checked > 100
