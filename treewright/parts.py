"""The parts that a run is made of, started in order and ended in reverse."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

import torch

from actors.pool import LocalPool, Pool, RayPool
from actors.settings import ActorSettings
from learner.backend import Backend
from learner.local import LocalBackend
from learner.runfolder import RunFolder
from policy.decoding import resolve
from policy.device import device_of
from replay.config import ReplayConfig
from replay.store import Replay, connect, served
from sandbox.local import Reached
from treewright.cluster import joined
from treewright.config import Config, ConfigError
from treewright.sampling import check_sampling


@dataclass(frozen=True)
class Parts:
    """Everything that outlives a step."""

    replay_config: ReplayConfig
    """With the URL of a server that is up."""
    replay: Replay
    backend: Backend
    pool: Pool


def check(config: Config) -> None:
    """Refuse what could only fail later.

    Raises:
        ConfigError: a combination that cannot work.
        DeviceError: no GPU where one is asked for.
        CompileError: compiled decoding where nothing can be compiled.
        RedisUnavailable: the server of `replay.url` does not answer.
    """
    if config.runtime == "local" and config.learner.num_learners > 1:
        raise ConfigError("learner.num_learners above 1 needs runtime=ray")
    check_sampling(config)
    _check_devices(config)
    for sampling in (config.actors, config.evaluation):
        resolve(sampling.decoding, torch.device("cpu"))
    if config.replay.url is not None:
        connect(config.replay, "check").close()


def _check_devices(config: Config) -> None:
    """Look for the devices of this process; those of Ray's are the cluster's to have."""
    device_of(config.evaluation.device, config.evaluation.section)
    if config.runtime == "local" or config.learner.num_learners == 0:
        device_of(config.learner.device, "learner")
    elif ":" in config.learner.device:
        raise ConfigError(
            f"learner.device={config.learner.device}: Ray says which GPU a learner process has: "
            "set learner.device=cuda"
        )
    actors = config.actors
    if config.runtime == "local":
        device_of(actors.device, actors.section)
    elif ":" in actors.device:
        raise ConfigError(
            f"actors.device={actors.device}: Ray says which GPU an actor has: set "
            "actors.device=cuda, and actors.num_gpus to its share of one"
        )
    elif actors.device == "cuda" and not actors.num_gpus:
        raise ConfigError(
            "actors.device=cuda with runtime=ray needs the share of a GPU that an actor reserves: "
            "set actors.num_gpus, such as 0.25"
        )


@contextmanager
def parts(config: Config, folder: RunFolder, run: str, box: Reached) -> Iterator[Parts]:
    """Start replay, learners and the pool of actors (which waits to be started)."""
    with ExitStack() as stack:
        replay_config = stack.enter_context(served(config.replay, folder.redis))
        replay = stack.enter_context(closing(connect(replay_config, run)))
        if config.runtime == "ray":
            stack.enter_context(joined(config))
        backend = stack.enter_context(closing(_backend(config)))
        settings = ActorSettings(
            run=run,
            seed=config.seed,
            actors=config.actors,
            tasks=config.tasks,
            model=config.model,
            replay=replay_config,
            sandbox=box.access,
        )
        pool = RayPool(settings) if config.runtime == "ray" else LocalPool(settings)
        stack.callback(pool.stop)
        yield Parts(replay_config, replay, backend, pool)


def _backend(config: Config) -> Backend:
    if config.runtime == "local":
        return LocalBackend(config.model, config.objective, config.learner, seed=config.seed)
    from learner.rllib import RllibBackend  # needs Ray

    return RllibBackend(config.model, config.objective, config.learner, seed=config.seed)
