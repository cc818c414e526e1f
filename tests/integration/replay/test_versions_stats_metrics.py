"""Weights by version, counters, and what Prometheus reads."""

import threading
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr

from replay import Replay, StaleVersion, Trajectory, connect
from replay.config import ReplayConfig
from replay.embedded import EmbeddedRedis
from replay.metrics import ReplayCollector

Connect = Callable[..., Replay]


def test_actors_get_the_newest_weights_alone(open_replay: Connect, run: str) -> None:
    learner, actor = open_replay().weights, open_replay().weights
    assert actor.latest_version() == 0
    assert actor.fetch(newer_than=0) is None
    blobs = {version: bytes([version]) * 100_000 for version in (1, 2, 5)}
    for version, blob in blobs.items():
        learner.publish(version, blob)
        assert actor.fetch(newer_than=version - 1) == (version, blob)
        assert actor.fetch(newer_than=version) is None
    keys = open_replay().connection.client.keys(f"treewright:{{{run}}}:weights:*")
    assert keys == [f"treewright:{{{run}}}:weights:5".encode()]


@pytest.mark.parametrize("version", [0, 4, 5])
def test_versions_only_grow(open_replay: Connect, version: int) -> None:
    weights = open_replay().weights
    weights.publish(5, b"five")
    with pytest.raises(StaleVersion, match="latest, 5"):
        open_replay().weights.publish(version, b"older")
    assert weights.fetch(0) == (5, b"five")


def test_a_version_fetched_while_another_is_published_is_whole(open_replay: Connect) -> None:
    learner, actor = open_replay().weights, open_replay().weights
    learner.publish(1, b"%d" % 1 * 200_000)

    def publish() -> None:
        for version in range(2, 60):
            learner.publish(version, b"%d" % version * 200_000)

    thread = threading.Thread(target=publish)
    thread.start()
    while thread.is_alive():
        fetched = actor.fetch(0)
        assert fetched is not None
        version, blob = fetched
        assert blob == b"%d" % version * 200_000
    thread.join()


def test_counters_of_many_threads_add_up(open_replay: Connect) -> None:
    parts = [open_replay().counters for _ in range(4)]

    def add(index: int) -> None:
        for _ in range(50):
            parts[index].add({"programs": 8, "verdicts:PASSED": 0.5})
        parts[index].put({f"policy_version:{index}": index})

    threads = [threading.Thread(target=add, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert open_replay().counters.read() == {
        "programs": 1600,
        "verdicts:PASSED": 100,
        **{f"policy_version:{i}": i for i in range(4)},
    }


def test_prometheus_reads_the_buffer(open_replay: Connect, run: str) -> None:
    replay = open_replay()
    registry = CollectorRegistry()
    registry.register(ReplayCollector(replay.connection, run))
    replay.writer.append_all([Trajectory(id=f"t{i}", task_json="x" * 100) for i in range(5)])
    replay.writer.append(Trajectory(id="t0"))
    leased = replay.reader.lease(3, 1)
    replay.reader.acknowledge([leased[0].entry_id])
    replay.reader.reclaim(0)
    replay.reader.lease(1, 1)

    def value(name: str) -> float | None:
        return registry.get_sample_value(f"treewright_replay_{name}")

    assert value("depth") == 3
    assert value("leased") == 1
    assert value("bytes") == 4 * len(leased[0].trajectory.SerializeToString())
    assert value("appended_total") == 5
    assert value("acknowledged_total") == 1
    assert value("duplicates_total") == 1
    assert value("reclaimed_total") == 2
    assert value("append_wait_seconds_total") == 0
    assert (value("redis_memory_bytes") or 0) > 100_000


def test_a_scrape_while_redis_is_away_has_no_values_and_does_not_fail(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        replay = connect(ReplayConfig(url=SecretStr(server.url)), "run")
        registry = CollectorRegistry()
        registry.register(ReplayCollector(replay.connection, "run"))
        assert b"treewright_replay_depth 0.0" in generate_latest(registry)
    assert generate_latest(registry) == b""
    replay.close()
