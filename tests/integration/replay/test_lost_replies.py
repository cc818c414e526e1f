"""A reply that is lost on the way: the command ran, and the caller must get that answer.

A proxy between client and server passes the request on and cuts the connection before the answer.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from replay import Replay, Trajectory, connect
from replay.config import ReplayConfig
from replay.embedded import EmbeddedRedis
from replay.metrics import read_state


class CuttingProxy:
    """Forwards a TCP port to the server's socket; `cut` swallows the next reply."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._cut = threading.Event()
        self.cuts = 0
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        self._cut.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            for source, sink, answers in ((client, server, False), (server, client, True)):
                thread = threading.Thread(target=self._pump, args=(source, sink, answers))
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if answers and self._cut.is_set():
                    self._cut.clear()
                    self.cuts += 1
                    break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()


@pytest.fixture
def proxied(server: EmbeddedRedis, run: str) -> Iterator[tuple[Replay, CuttingProxy]]:
    target = redis.Redis.from_url(server.url).connection_pool.connection_kwargs
    proxy = CuttingProxy(str(Path(target["path"])))
    url = f"redis://:{target['password']}@127.0.0.1:{proxy.port}"
    replay = connect(ReplayConfig(url=SecretStr(url)), run)
    # The scripts are loaded before anything is cut, so that the cut reply is that of the script.
    replay.writer.append(Trajectory(id="warm"))
    replay.reader.acknowledge([one.entry_id for one in replay.reader.lease(1, 1)])
    replay.counters.add({"warm": 1})
    yield replay, proxy
    replay.close()
    proxy.close()


def test_an_append_is_stored_once_and_answers_true(
    proxied: tuple[Replay, CuttingProxy], run: str
) -> None:
    replay, proxy = proxied
    proxy.cut()
    assert replay.writer.append_all([Trajectory(id="a"), Trajectory(id="b")]) == [True, True]
    assert proxy.cuts == 1
    assert replay.reader.depth() == 2
    totals = read_state(replay.connection, run, 1).totals
    assert (totals["appended"], totals["duplicates"]) == (3, 0)


def test_a_lease_gives_the_entries_of_the_lost_reply(
    proxied: tuple[Replay, CuttingProxy],
) -> None:
    replay, proxy = proxied
    replay.writer.append_all([Trajectory(id=f"t{i}") for i in range(12)])
    replay.reader.lease(2, 1)
    proxy.cut()
    leased = replay.reader.lease(9, timeout_seconds=0)
    assert proxy.cuts == 1
    assert [one.entry_id for one in leased] == [f"t{i}" for i in range(2, 11)]
    assert (replay.reader.depth(), replay.reader.leased()) == (1, 11)


def test_an_addition_counts_once(proxied: tuple[Replay, CuttingProxy]) -> None:
    replay, proxy = proxied
    proxy.cut()
    replay.counters.add({"programs": 8, "verdicts:PASSED": 3})
    assert proxy.cuts == 1
    assert replay.counters.read() == {"warm": 1, "programs": 8, "verdicts:PASSED": 3}


def test_weights_are_published_once(proxied: tuple[Replay, CuttingProxy]) -> None:
    replay, proxy = proxied
    replay.weights.publish(3, b"three")
    proxy.cut()
    replay.weights.publish(4, b"four")
    assert proxy.cuts == 1
    assert replay.weights.fetch(3) == (4, b"four")
