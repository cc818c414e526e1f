"""The dispatcher's side of a run's pipes, in C and in Python."""

import array
import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sandbox import run_io

REQUEST = b"a request"


@pytest.fixture(params=["python", "c"])
def io(request: pytest.FixtureRequest) -> Any:
    if request.param == "python":
        return run_io
    return pytest.importorskip("sandbox.jail._loop", reason="the extension module is not built")


@pytest.fixture
def channel() -> Iterator[tuple[socket.socket, socket.socket]]:
    before = len([*Path("/proc/self/fd").iterdir()])
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def received(channel: socket.socket) -> tuple[bytes, list[int]]:
    data, ancillary, _, _ = channel.recvmsg(100, socket.CMSG_SPACE(5 * 4))
    descriptors = array.array("i")
    for _, _, raw in ancillary:
        descriptors.frombytes(raw)
    return data, list(descriptors)


@pytest.mark.parametrize("stdin", [b"", b"input"])
@pytest.mark.parametrize("size", [0, 300, 3_000_000])
def test_a_run_arrives(io: ModuleType, channel, stdin, size):
    payload = os.urandom(size)
    ours, theirs = channel
    ends = io.send_run(ours.fileno(), REQUEST, payload, stdin)
    data, descriptors = received(theirs)
    assert data == REQUEST
    assert len(descriptors) == (5 if stdin else 4)
    assert os.pread(descriptors[0], size + 1, 0) == payload
    if stdin:
        assert os.read(descriptors[4], 100) == stdin
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(descriptors[4], b"x")
    for number, writable in enumerate(descriptors[1:4]):
        os.write(writable, b"from %d" % number)
    assert not any(os.get_inheritable(descriptor) for descriptor in ends)
    for descriptor in descriptors:
        os.close(descriptor)
    assert [io.take_rest(end, 100) for end in ends] == [b"from 0", b"from 1", b"from 2"]


@pytest.mark.parametrize(("most", "taken"), [(0, 0), (1, 1), (50_000, 50_000), (10**9, 60_000)])
def test_rest(io: ModuleType, channel, most, taken):
    readable, writable = os.pipe()
    os.write(writable, b"x" * 60_000)
    os.close(writable)
    assert io.take_rest(readable, most) == b"x" * taken


def test_nobody_takes_it(io: ModuleType, channel):
    ours, theirs = channel
    theirs.close()
    with pytest.raises(OSError, match="Broken pipe"):
        io.send_run(ours.fileno(), REQUEST, b"payload", b"input")


def test_a_zygote_that_does_not_read_blocks_nobody(io: ModuleType, channel):
    ours, _ = channel
    ours.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            ours.send(REQUEST)
    with pytest.raises(BlockingIOError):
        io.send_run(ours.fileno(), REQUEST, b"payload", b"")
