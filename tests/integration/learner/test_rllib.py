"""The RLlib backend trains as the local one does, data-parallel too, and outlives its learners."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing

import pytest
import torch

from learner.batch import collate
from learner.config import LearnerConfig, ObjectiveConfig
from learner.local import LocalBackend
from learner.rllib import RllibBackend
from policy.config import Precision
from tests.unit.learner import samples
from treewright.cluster import private as cluster_of_own

# Ray leaves sockets and files to the interpreter's end, and warns of its own old interfaces.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SEED = 6


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    with cluster_of_own(
        num_cpus=3,
        object_store_bytes=100 * 2**20,
        log_to_driver=False,
        runtime_env={"env_vars": {"OMP_NUM_THREADS": "1"}},
    ):
        yield


def make(num_learners: int, precision: Precision = "float32") -> RllibBackend:
    config = LearnerConfig(num_learners=num_learners, device="cpu", precision=precision)
    return RllibBackend(samples.MODEL, ObjectiveConfig(), config, seed=SEED)


def local(precision: Precision = "float32") -> LocalBackend:
    config = LearnerConfig(device="cpu", precision=precision)
    return LocalBackend(samples.MODEL, ObjectiveConfig(), config, seed=SEED)


def batches(num_shards: int, steps: int, rows: int = 9):
    references = samples.references()
    rollouts = samples.rows(0)
    return [
        collate(
            [*references.draw(rows), *rollouts],
            num_shards=num_shards,
            num_parts=2,
            policy_version=4,
        )
        for _ in range(steps)
    ]


def test_without_ray_it_is_refused():
    """Comes first: the other tests share a cluster."""
    with pytest.raises(ValueError, match="needs Ray to be started"):
        make(0)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_in_the_driver_it_equals_the_local_backend_exactly(precision: Precision):
    backend, plain = make(0, precision), local(precision)
    assert backend.precision == plain.precision == precision
    for shards in batches(1, 4):
        assert backend.update(shards) == plain.update(shards)
    assert backend.steps == plain.steps == 4
    expected = plain.state().tensors
    found = backend.state().tensors
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if not name.startswith("rng/"):
            assert torch.equal(found[name], value), name
    averaged = plain.weights()
    assert all(torch.equal(value, averaged[name]) for name, value in backend.weights().items())
    backend.close()


@pytest.mark.usefixtures("cluster")
def test_two_learners_equal_one_and_outlive_a_kill():
    """Odd numbers of rows, so that one shard holds a padding row."""
    two, plain = make(2), local()
    for whole, halves in zip(batches(1, 3), batches(2, 3), strict=True):
        found, expected = two.update(halves), plain.update(whole)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=2e-4, abs=2e-6), name
    averaged = plain.weights()
    for name, weight in two.weights().items():
        assert torch.allclose(weight, averaged[name], atol=2e-5), name

    state = two.state()
    assert {name for name in state.tensors if name.startswith("rng/")} == {"rng/cpu/0", "rng/cpu/1"}
    (lost, again, *_) = batches(2, 2)
    before = [two.update(lost), two.update(again)]
    kill_one(two)
    # The group is rebuilt from the last state that was taken: it trains `lost` as it did before.
    after = [two.update(lost), two.update(again)]
    assert two.restarts == 1
    assert two.steps == state.steps + 2
    for first, second in zip(before, after, strict=True):
        assert second == pytest.approx(first, rel=1e-5, abs=1e-7)
    two.close()


def kill_one(backend: RllibBackend) -> None:
    pids = [result.get() for result in backend.group.foreach_learner(lambda _: os.getpid())]
    assert len(set(pids)) == 2
    os.kill(pids[1], signal.SIGKILL)


@pytest.mark.usefixtures("cluster")
def test_a_state_moves_between_backends():
    plain = local()
    first, second, third = batches(1, 3)
    plain.update(first)
    plain.update(second)
    backend = make(1)
    backend.update(second)  # newer weights than the state's must not survive it
    backend.load_state(plain.state())
    assert backend.steps == 2
    assert backend.update(third) == pytest.approx(plain.update(third), rel=1e-5, abs=1e-7)
    backend.close()


@pytest.mark.usefixtures("cluster")
def test_an_error_that_is_no_death_is_raised_and_rebuilds_nothing():
    (shards,) = batches(1, 1)
    broken = {name: value for name, value in shards[0].items() if name != "0/kind"}
    with closing(make(1)) as backend:
        with pytest.raises(TypeError, match="kind"):
            backend.update((broken,))
        assert backend.restarts == 0


@pytest.mark.usefixtures("cluster")
def test_more_gpus_than_the_cluster_has_are_refused():
    config = LearnerConfig(num_learners=2, device="cuda")
    with pytest.raises(ValueError, match=r"Ray cluster has 0 GPUs: set learner\.device=cpu"):
        RllibBackend(samples.MODEL, ObjectiveConfig(), config, seed=SEED)
