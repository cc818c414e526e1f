"""Pools of real actors: killed, replaced, stopped, and told what is wrong."""

import contextlib
import dataclasses
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import ray
from prometheus_client import CollectorRegistry

from actors.config import ActorsConfig
from actors.handle import ActorsFailed
from actors.metrics import ActorCollector
from actors.pool import LocalPool, Pool, PoolState, RayPool
from actors.ray_actor import kept_off_gpus
from actors.settings import ActorSettings
from learner.config import LearnerConfig
from policy.device import DeviceError
from replay import Replay
from treewright.cluster import check_gpus
from treewright.cluster import private as cluster_of_own
from treewright.config import Config

Publish = Callable[..., None]


GPUS = 2
# An actor imports torch first: seconds, and many of them on a machine that is busy.
START_SECONDS = 200.0


def wait_for(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def descendants(word: str) -> set[psutil.Process]:
    """Our processes, of whatever generation, with `word` in their command line."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # zombies included
            if word in " ".join(process.cmdline()):
                found.add(process)
    return found


def children() -> set[psutil.Process]:
    return descendants("spawn_main")


def with_actors(settings: ActorSettings, **changes: object) -> ActorSettings:
    return dataclasses.replace(settings, actors=settings.actors.model_copy(update=changes))


@pytest.fixture
def local_pool(settings: ActorSettings) -> Iterator[LocalPool]:
    pool = LocalPool(with_actors(settings, num_actors=2, max_restarts=1))
    pool.start()
    yield pool
    pool.stop()


def test_a_killed_process_is_replaced_and_stopping_leaves_none(
    local_pool: LocalPool,
    replay: Replay,
    publish: Publish,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publish(1)

    def written_by(name: str) -> int:
        local_pool.poll()
        leased = replay.reader.lease(1000, timeout_seconds=0.5)
        replay.reader.acknowledge([one.entry_id for one in leased])
        return sum(one.trajectory.actor == name for one in leased)

    wait_for(lambda: written_by("actor-0") > 0)
    wait_for(lambda: written_by("actor-1") > 0)
    assert local_pool.poll() == PoolState(alive=2, restarts=0)
    victim = min(children(), key=lambda process: process.pid)
    os.kill(victim.pid, signal.SIGKILL)
    wait_for(lambda: local_pool.poll() == PoolState(alive=2, restarts=1), 10)
    assert "actor-0 was killed by SIGKILL: starting it again" in caplog.text
    while written_by("actor-0"):  # what the dead one had written
        pass
    wait_for(lambda: written_by("actor-0") > 0)
    registry = CollectorRegistry()
    registry.register(ActorCollector(replay, local_pool))
    value = registry.get_sample_value
    assert value("treewright_actor_alive") == 2
    assert value("treewright_actor_restarts_total") == 1
    assert value("treewright_actor_policy_lag") == 0
    publish(3)
    assert (value("treewright_actor_policy_lag") or 0) in (0, 2)
    left = children()
    assert len(left) == 2
    local_pool.stop()
    assert not any(process.is_running() for process in left)
    counters = replay.counters.read()
    assert value("treewright_actor_programs_total") == counters["programs"]
    assert value("treewright_actor_trajectories_total") == counters["trajectories"]
    assert value("treewright_actor_sample_seconds_total") == counters["sample_seconds"]
    verdicts = {name: count for name, count in counters.items() if name.startswith("verdicts:")}
    for name, count in verdicts.items():
        labels = {"verdict": name.removeprefix("verdicts:")}
        assert value("treewright_actor_verdicts_total", labels) == count
    assert sum(verdicts.values()) == counters["programs"]
    # Stopped, not killed: each finished what it had sampled and counted it.
    assert counters["trajectories"] == counters["programs"]


def test_a_mistake_in_the_config_ends_the_run_in_one_line(settings: ActorSettings) -> None:
    pool = LocalPool(with_actors(settings, num_actors=1, max_actions=1000, max_restarts=0))
    pool.start()
    try:
        with pytest.raises(ActorsFailed, match=r"actors\.max_actions \(1000\) is above") as failed:
            wait_for(lambda: pool.poll().restarts > 0)
        assert "\n" not in str(failed.value)
    finally:
        pool.stop()


def test_actors_end_with_the_process_that_started_them(
    settings: ActorSettings, publish: Publish, replay: Replay, tmp_path: Path
) -> None:
    publish(1)
    program = (
        "import pickle, sys, time\n"
        "from pathlib import Path\n"
        "from actors.pool import LocalPool\n"
        "if __name__ == '__main__':\n"
        "    pool = LocalPool(pickle.loads(Path(sys.argv[1]).read_bytes()))\n"
        "    pool.start()\n"
        "    print('started', flush=True)\n"
        "    time.sleep(60)\n"
    )
    script, stored = tmp_path / "driver.py", tmp_path / "settings"
    script.write_text(program)
    stored.write_bytes(pickle.dumps(settings))
    driver = subprocess.Popen(
        [sys.executable, str(script), str(stored)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert driver.stdout is not None
    try:
        with driver.stdout:
            driver.stdout.readline()
        wait_for(lambda: replay.reader.depth() > 0)
        actors = psutil.Process(driver.pid).children(recursive=True)
        assert actors
    finally:
        driver.kill()
        driver.wait()
    wait_for(lambda: not any(p.is_running() and p.status() != "zombie" for p in actors), 15)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray cluster of these tests' own; its GPUs are numbers, which Ray does not look for."""
    with cluster_of_own(
        num_cpus=2, object_store_bytes=100 * 2**20, log_to_driver=False, num_gpus=GPUS
    ):
        yield


@pytest.mark.parametrize(("learners", "room"), [(0, 4), (1, 2), (2, 0), (3, 4)])
def test_actors_that_the_clusters_gpus_have_no_room_for_are_refused(
    cluster: None, learners: int, room: int
) -> None:
    def check(num_actors: int) -> None:
        actors = ActorsConfig(num_gpus=0.5, num_actors=num_actors)
        check_gpus(Config(learner=LearnerConfig(num_learners=learners), actors=actors))

    check(room)
    with pytest.raises(DeviceError, match=f"cluster has {GPUS}: .*or set actors.num_gpus=0"):
        check(room + 1)


def test_a_ray_actor_that_reserves_no_gpu_uses_none() -> None:
    assert kept_off_gpus(ActorsConfig()).device == "cpu"
    assert kept_off_gpus(ActorsConfig(num_gpus=0.5)).device == "auto"


def ray_actors() -> set[psutil.Process]:
    return descendants("ray::RayRollout")


def test_a_killed_ray_actor_is_replaced(
    cluster: None, settings: ActorSettings, replay: Replay, publish: Publish
) -> None:
    publish(1)
    pool: Pool = RayPool(with_actors(settings, num_actors=1, max_restarts=1, num_gpus=0.5))
    pool.start()

    def written() -> int:
        pool.poll()
        leased = replay.reader.lease(1000, timeout_seconds=0.5)
        replay.reader.acknowledge([one.entry_id for one in leased])
        return len(leased)

    wait_for(lambda: written() > 0)
    assert pool.poll() == PoolState(alive=1, restarts=0)
    wait_for(lambda: ray.available_resources()["GPU"] == GPUS - 0.5, 10)
    (victim,) = ray_actors()
    os.kill(victim.pid, signal.SIGKILL)
    wait_for(lambda: pool.poll().restarts == 1)
    while written():
        pass
    wait_for(lambda: written() > 0)
    pool.stop()
    wait_for(lambda: not ray_actors(), 10)
