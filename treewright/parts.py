"""The parts that a run is made of, started in order and ended in reverse."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

import torch

from actors.pool import LocalPool, Pool, RayPool
from actors.settings import ActorSettings
from learner.backend import Backend
from learner.config import resolve_device
from learner.local import LocalBackend
from learner.runfolder import RunFolder
from policy.decoding import resolve
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
        ConfigError: no GPU where one is asked for, or a combination that cannot work.
        CompileError: compiled decoding where nothing can be compiled.
        RedisUnavailable: the server of `replay.url` does not answer.
    """
    try:
        resolve_device(config.learner.device)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if config.runtime == "local" and config.learner.num_learners > 1:
        raise ConfigError("learner.num_learners above 1 needs runtime=ray")
    check_sampling(config)
    for sampling in (config.actors, config.evaluation):
        resolve(sampling.decoding, torch.device("cpu"))
    if config.replay.url is not None:
        connect(config.replay, "check").close()


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
