"""The Ray cluster of a run: the one it was submitted to, another by address, or a private one."""

import logging
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from policy.device import DeviceError
from treewright.config import Config, ConfigError

# Ray sets it in the environment of a submitted job.
_JOB_ADDRESS = "RAY_ADDRESS"
_START_ATTEMPTS = 3


@contextmanager
def joined(config: Config) -> Iterator[None]:
    """Connect this process to a cluster; a private one ends with it.

    Raises:
        ConfigError: Ray is not installed, or the cluster does not answer.
        DeviceError: it has fewer GPUs than actors and learners reserve.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray  # the local runtime does without
    except ImportError as error:
        raise ConfigError(
            "runtime=ray needs Ray: pip install 'treewright[ray]', or set runtime=local"
        ) from error
    address = os.environ.get(_JOB_ADDRESS) or config.ray.address
    with ExitStack() as stack:
        if address:
            _join(address)
            stack.callback(ray.shutdown)
        else:
            store = config.ray.object_store_bytes
            stack.enter_context(private(_cpus(config), store, log_to_driver=True))
        check_gpus(config)
        yield


def check_gpus(config: Config) -> None:
    """Refuse actors that Ray would keep waiting, without a word, for a GPU that is not there.

    Raises DeviceError.
    """
    import ray

    from learner.rllib import gpus_of_learners

    actors, there = config.actors, int(ray.cluster_resources().get("GPU", 0))
    if not actors.num_gpus:
        return
    learners = gpus_of_learners(config.learner) if config.learner.num_learners else 0
    share = int(1 / actors.num_gpus)
    if (there - learners) * share < actors.num_actors:
        raise DeviceError(
            f"actors.num_gpus={actors.num_gpus:g} and actors.num_actors={actors.num_actors} take "
            f"{-(-actors.num_actors // share)} GPUs and the learners {learners}, but the Ray "
            f"cluster has {there}: lower one of them, or set actors.num_gpus=0"
        )


def _join(address: str) -> None:
    import ray

    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=True)
    except (ConnectionError, RuntimeError) as error:
        raise ConfigError(f"ray.address: no cluster answers at {address}: {error}") from error


@contextmanager
def private(num_cpus: int, object_store_bytes: int, **options: object) -> Iterator[None]:
    """Start a cluster of this process's own and connect to it; it ends with the block.

    Ray gives up on its own head after 30 s, which a busy machine can take: then once more.

    Args:
        num_cpus: What the cluster offers to actors and learners, in CPUs.
        object_store_bytes: Size of its shared memory.
        options: Further arguments of `ray.init`.

    Raises:
        ConfigError: No cluster came up.
    """
    import ray

    settings = {"include_dashboard": False, "logging_level": logging.ERROR, **options}
    with ExitStack() as stack:
        for attempt in range(1, _START_ATTEMPTS + 1):
            folder = tempfile.mkdtemp(prefix="treewright-ray-")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            try:
                ray.init(
                    address="local",
                    num_cpus=num_cpus,
                    object_store_memory=object_store_bytes,
                    _temp_dir=folder,
                    **settings,
                )
                break
            except Exception as error:
                ray.shutdown()
                if attempt == _START_ATTEMPTS:
                    raise ConfigError(
                        f"Ray does not start on this machine ({error}): try again when it is "
                        "less busy, or set runtime=local"
                    ) from error
        stack.callback(ray.shutdown)
        yield


def _cpus(config: Config) -> int:
    """Return what a private cluster must offer so that every actor and learner finds a place."""
    actors = config.actors.num_actors * config.actors.num_cpus
    return max(os.cpu_count() or 1, math.ceil(actors) + config.learner.num_learners)
