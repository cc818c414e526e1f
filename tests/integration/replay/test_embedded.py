"""The server of our own: what it keeps, and what it leaves behind."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from replay import Leased, Replay, Trajectory, connect
from replay.config import ReplayConfig
from replay.embedded import EmbeddedRedis
from replay.interface import RedisUnavailable


def opened(server: EmbeddedRedis) -> Replay:
    return connect(ReplayConfig(url=SecretStr(server.url)), "run")


def ids(leased: list[Leased]) -> list[str]:
    return [one.entry_id for one in leased]


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_a_killed_server_loses_no_acknowledged_append(tmp_path: Path) -> None:
    """Writers and a reader go on through kill -9 after kill -9."""
    total = 300
    with EmbeddedRedis(tmp_path) as server:
        written, trained = opened(server), opened(server)
        answers: list[bool] = []

        def write() -> None:
            for i in range(total):
                answers.append(written.writer.append(Trajectory(id=f"t{i}")))

        writer = threading.Thread(target=write)
        writer.start()
        seen: list[str] = []
        kills = 0
        while len(seen) < total:
            got = ids(trained.reader.lease(16, timeout_seconds=30))
            trained.reader.acknowledge(got)
            seen += got
            if len(seen) > (kills + 1) * 75:
                os.kill(server.pid, signal.SIGKILL)
                kills += 1
        writer.join()
        assert answers == [True] * total
        assert seen == [f"t{i}" for i in range(total)]
        assert kills == 3
        assert (trained.reader.depth(), trained.reader.leased()) == (0, 0)
        written.close()
        trained.close()


def test_a_later_server_goes_on_with_the_data(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        replay = opened(server)
        replay.writer.append_all([Trajectory(id="a"), Trajectory(id="b"), Trajectory(id="c")])
        replay.reader.acknowledge(ids(replay.reader.lease(1, 1)))
        replay.reader.lease(1, 1)
        replay.weights.publish(7, b"seven")
        replay.counters.add({"programs": 2.5})
        replay.close()
    assert {path.name for path in tmp_path.iterdir()} <= {"appendonly.aof", "appendonlydir"}
    with EmbeddedRedis(tmp_path) as server:
        replay = opened(server)
        assert replay.reader.reclaim(0) == 1
        assert not replay.writer.append(Trajectory(id="a")), "acknowledged before the restart"
        assert ids(replay.reader.lease(9, 1)) == ["b", "c"]
        assert replay.weights.fetch(6) == (7, b"seven")
        assert replay.counters.read() == {"programs": 2.5}
        replay.close()


def test_closing_leaves_no_process_and_no_socket(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    pid, url = server.pid, server.url
    socket = Path(url.split("@")[1])
    assert socket.is_socket()
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    server.close()
    server.close()  # a second close is harmless
    assert gone(pid)
    assert not socket.parent.exists()


def test_a_killed_parent_takes_the_server_along(tmp_path: Path) -> None:
    """kill -9 of the run, started from a thread that has ended: nothing left, nothing lost."""
    program = textwrap.dedent("""
        import sys, threading, time
        from pathlib import Path
        from pydantic import SecretStr
        from replay import Trajectory, connect
        from replay.config import ReplayConfig
        from replay.embedded import EmbeddedRedis
        started = []
        thread = threading.Thread(target=lambda: started.append(EmbeddedRedis(Path(sys.argv[1]))))
        thread.start()
        thread.join()
        time.sleep(0.3)
        replay = connect(ReplayConfig(url=SecretStr(started[0].url)), "run")
        replay.writer.append(Trajectory(id="a"))
        print(started[0].pid, flush=True)
        time.sleep(60)
    """)
    temporary = Path(tempfile.mkdtemp())  # short: a socket's path may not be long
    data = tmp_path / "data"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(data)],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(Path.cwd())},
    ) as child:
        try:
            assert child.stdout is not None
            pid = int(child.stdout.readline())
            guard = psutil.Process(pid).ppid()
        finally:
            child.kill()
    with EmbeddedRedis(data) as server:  # at once: waits until the other has let go of the data
        replay = opened(server)
        assert ids(replay.reader.lease(9, 1)) == ["a"]
        replay.close()
    wait_for(lambda: gone(pid) and gone(guard))
    assert list(temporary.iterdir()) == []
    temporary.rmdir()


def test_a_killed_guard_takes_the_server_along(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    pid = server.pid
    psutil.Process(pid).parent().kill()
    wait_for(lambda: gone(pid))
    server.close()


def test_the_password_is_needed_and_shown_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedRedis(tmp_path) as server:
        password = server.url.split("@")[0].removeprefix("unix://:")
        assert len(password) >= 40
        config = ReplayConfig(url=SecretStr(server.url))
        assert password not in repr(config) + config.model_dump_json()
        for process in (psutil.Process(server.pid), psutil.Process(server.pid).parent()):
            assert password not in " ".join(process.cmdline())
            assert password not in " ".join(process.environ().values())
        replay = connect(config, "run")
        os.kill(server.pid, signal.SIGKILL)
        replay.reader.depth()
        assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
        assert password not in caplog.text
        replay.close()
        for url in (server.url.replace(password, "wrong"), server.url.replace(f":{password}@", "")):
            with pytest.raises(RedisUnavailable, match="refuses us") as refused:
                connect(ReplayConfig(url=SecretStr(url)), "run")
            assert password not in str(refused.value)
        for path in filter(Path.is_file, tmp_path.rglob("*")):
            assert password.encode() not in path.read_bytes()


def test_two_servers_on_one_folder_are_refused(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        replay = opened(server)
        with pytest.raises(RedisUnavailable, match="is in use by another redis-server"):
            EmbeddedRedis(tmp_path)
        replay.writer.append(Trajectory(id="a"))
        assert replay.reader.depth() == 1
        replay.close()


def test_data_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "appendonly.aof").write_bytes(b"*3\r\n$3\r\nSET\r\nnot a log at all\r\n" * 50)
    before = set(Path(tempfile.gettempdir()).glob("treewright-redis-*"))
    with pytest.raises(RedisUnavailable, match="Bad file format") as failed:
        EmbeddedRedis(tmp_path)
    assert "\n" not in str(failed.value)
    assert set(Path(tempfile.gettempdir()).glob("treewright-redis-*")) <= before
