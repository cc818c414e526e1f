"""The buffer's promises, each against a real server."""

import threading
import time
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from replay import Leased, Replay, ReplayFull, Trajectory, connect
from replay.config import ReplayConfig
from replay.embedded import EmbeddedRedis
from replay.metrics import read_state

Connect = Callable[..., Replay]


def trajectory(name: str, size: int = 10) -> Trajectory:
    return Trajectory(id=name, task_json="x" * size)


def ids(leased: list[Leased]) -> list[str]:
    return [one.entry_id for one in leased]


def test_entries_come_out_whole_and_in_order(open_replay: Connect) -> None:
    replay = open_replay()
    sent = [trajectory(f"t{i}", size=i) for i in range(200)]
    assert replay.writer.append_all(sent) == [True] * 200
    first = replay.reader.lease(150, timeout_seconds=1)
    second = replay.reader.lease(150, timeout_seconds=1)
    assert [one.trajectory for one in first + second] == sent
    assert (replay.reader.depth(), replay.reader.leased()) == (0, 200)


def test_an_id_is_stored_once_even_after_it_was_acknowledged(open_replay: Connect) -> None:
    replay = open_replay()
    assert replay.writer.append(trajectory("a"))
    assert not replay.writer.append(trajectory("a"))
    assert replay.reader.acknowledge(ids(replay.reader.lease(9, 1))) == 1
    assert not replay.writer.append(trajectory("a"))
    assert replay.writer.append_all([trajectory("b"), trajectory("b")]) == [True, False]
    assert ids(replay.reader.lease(9, 1)) == ["b"]


def test_an_entry_still_in_the_buffer_is_known_after_its_id_was_forgotten(
    open_replay: Connect,
) -> None:
    settings = {
        "append_timeout_seconds": 0.01,
        "reconnect_timeout_seconds": 0.01,
        "dedupe_seconds": 0.05,
    }
    replay = open_replay(**settings)
    replay.writer.append(trajectory("a"))
    time.sleep(0.1)
    replay.writer.append(trajectory("b"))  # forgets what is too old
    assert not replay.writer.append(trajectory("a"))


def test_ids_are_forgotten_in_time_so_memory_is_bounded(open_replay: Connect, run: str) -> None:
    replay = open_replay(
        append_timeout_seconds=0.01, reconnect_timeout_seconds=0.01, dedupe_seconds=0.05
    )
    for round_ in range(5):
        replay.writer.append_all([trajectory(f"{round_}/{i}") for i in range(20)])
        replay.reader.acknowledge(ids(replay.reader.lease(20, 1)))
        time.sleep(0.1)
    replay.writer.append(trajectory("last"))
    keys = replay.connection.client.keys(f"treewright:{{{run}}}:*")
    sizes = {key: replay.connection.client.memory_usage(key) or 0 for key in keys}
    assert sum(sizes.values()) < 2000, sizes


def test_an_acknowledged_entry_is_gone_from_the_server(open_replay: Connect, run: str) -> None:
    replay = open_replay()
    replay.writer.append_all([trajectory(f"t{i}", size=10_000) for i in range(50)])
    assert read_state(replay.connection, run, 1).bytes > 500_000
    replay.reader.acknowledge(ids(replay.reader.lease(50, 1)))
    state = read_state(replay.connection, run, 1)
    assert (state.depth, state.leased, state.bytes) == (0, 0, 0)
    assert replay.connection.client.exists(f"treewright:{{{run}}}:payload") == 0


def test_two_readers_never_hold_the_same_entry(open_replay: Connect) -> None:
    open_replay().writer.append_all([trajectory(f"t{i}") for i in range(400)])
    taken: list[str] = []

    def read(replay: Replay) -> None:
        while got := replay.reader.lease(7, timeout_seconds=0):
            taken.extend(ids(got))

    readers = [threading.Thread(target=read, args=(open_replay(),)) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(taken) == 400
    assert len(set(taken)) == 400


def test_leases_of_a_dead_reader_are_reclaimed_once_and_in_order(open_replay: Connect) -> None:
    dead, alive = open_replay(), open_replay()
    dead.writer.append_all([trajectory(f"t{i}") for i in range(6)])
    held = ids(dead.reader.lease(4, 1))
    dead.close()
    assert alive.reader.reclaim(idle_seconds=60) == 0
    assert alive.reader.reclaim(idle_seconds=0) == 4
    assert alive.reader.reclaim(idle_seconds=0) == 0
    assert ids(alive.reader.lease(9, 1)) == [*held, "t4", "t5"]


def test_who_trained_on_an_entry_may_settle_it_after_its_lease_was_reclaimed(
    open_replay: Connect,
) -> None:
    replay = open_replay()
    replay.writer.append_all([trajectory("a"), trajectory("b")])
    trained = ids(replay.reader.lease(1, 1))
    replay.reader.reclaim(0)
    assert replay.reader.acknowledge(trained) == 1
    assert replay.reader.acknowledge([*trained, "never stored"]) == 0
    assert ids(replay.reader.lease(9, 1)) == ["b"]


@pytest.mark.parametrize(
    "limit", [{"max_entries": 3}, {"max_bytes": 1024}], ids=["entries", "bytes"]
)
def test_a_full_buffer_blocks_its_writer_until_there_is_room(
    open_replay: Connect, limit: dict[str, int], run: str
) -> None:
    replay = open_replay(**limit)
    sent = [trajectory(f"t{i}", size=300) for i in range(5)]
    answers: list[bool] = []
    other = open_replay(**limit)
    writer = threading.Thread(target=lambda: answers.extend(other.writer.append_all(sent)))
    writer.start()
    while replay.reader.depth() < 3:
        time.sleep(0.005)
    time.sleep(0.05)
    assert (writer.is_alive(), replay.reader.depth()) == (True, 3)
    first = replay.reader.lease(3, 1)
    time.sleep(0.05)
    assert writer.is_alive(), "leased entries still take room"
    replay.reader.acknowledge(ids(first))
    writer.join(5)
    assert answers == [True] * 5
    assert [one.trajectory for one in first + replay.reader.lease(9, 1)] == sent
    assert read_state(replay.connection, run, 1).totals["append_wait_seconds"] > 0.05


def test_a_writer_gives_up_at_its_deadline_and_loses_nothing(open_replay: Connect) -> None:
    replay = open_replay(max_entries=2, append_timeout_seconds=0.1)
    sent = [trajectory(f"t{i}") for i in range(3)]
    started = time.monotonic()
    with pytest.raises(ReplayFull, match="2 entries"):
        replay.writer.append_all(sent)
    assert 0.1 <= time.monotonic() - started < 1
    replay.reader.acknowledge(ids(replay.reader.lease(1, 1)))
    assert replay.writer.append_all(sent) == [False, False, True]
    assert ids(replay.reader.lease(9, 1)) == ["t1", "t2"]


def test_a_server_that_is_out_of_memory_is_a_full_buffer(open_replay: Connect) -> None:
    replay = open_replay(append_timeout_seconds=0.2)
    client = replay.connection.client
    client.config_set("maxmemory", "1")
    try:
        with pytest.raises(ReplayFull):
            replay.writer.append(trajectory("a"))
        assert (replay.reader.depth(), replay.reader.leased()) == (0, 0)
    finally:
        client.config_set("maxmemory", "0")
    assert replay.writer.append(trajectory("a"))


def test_a_reader_waits_for_an_entry(open_replay: Connect) -> None:
    replay, other = open_replay(), open_replay()
    started = time.monotonic()
    assert replay.reader.lease(1, timeout_seconds=0.1) == []
    assert 0.1 <= time.monotonic() - started < 1
    later = threading.Timer(0.1, lambda: other.writer.append(trajectory("late")))
    later.start()
    assert ids(replay.reader.lease(5, timeout_seconds=10)) == ["late"]
    later.join()


def test_what_can_never_be_stored_is_refused_at_once(open_replay: Connect) -> None:
    replay = open_replay(max_bytes=2048)
    with pytest.raises(ValueError, match=r"replay\.max_bytes"):
        replay.writer.append(trajectory("big", size=4096))
    with pytest.raises(ValueError, match="id"):
        replay.writer.append(Trajectory())


def test_runs_on_one_server_do_not_see_each_other(
    open_replay: Connect, server: EmbeddedRedis
) -> None:
    here = open_replay()
    here.writer.append(trajectory("a"))
    elsewhere = connect(ReplayConfig(url=SecretStr(server.url)), "another-run")
    try:
        assert elsewhere.reader.depth() == 0
        assert elsewhere.reader.acknowledge(["a"]) == 0
    finally:
        elsewhere.close()
    assert here.reader.depth() == 1
