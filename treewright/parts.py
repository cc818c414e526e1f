"""The parts that a run is made of, started in order and ended in reverse."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace

from actors.pool import LocalPool, Pool, RayPool
from actors.settings import ActorSettings
from learner.backend import Backend
from learner.config import resolve_device
from learner.local import LocalBackend
from learner.runfolder import RunFolder
from policy.grammar import PROFILES
from replay.config import ReplayConfig
from replay.store import Replay, connect, served
from sandbox.client import SandboxClient
from sandbox.local import Access, reach
from treewright.cluster import joined
from treewright.config import Config, ConfigError


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that answers."""

    access: Access
    client: SandboxClient


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
        RedisUnavailable: the server of `replay.url` does not answer.
    """
    try:
        resolve_device(config.learner.device)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if config.runtime == "local" and config.learner.num_learners > 1:
        raise ConfigError("learner.num_learners above 1 needs runtime=ray")
    check_sampling(config)
    if config.replay.url is not None:
        connect(config.replay, "check").close()


def check_sampling(config: Config) -> None:
    """Refuse sampling and searching that the model can't do. Raises ConfigError."""
    for section, part in (("actors", config.actors), ("evaluation", config.evaluation)):
        if part.profile not in PROFILES:
            known = ", ".join(sorted(PROFILES))
            raise ConfigError(f"{section}.profile: {part.profile!r} is none of {known}")
        if part.max_actions > config.model.max_actions:
            raise ConfigError(
                f"{section}.max_actions ({part.max_actions}) is above model.max_actions "
                f"({config.model.max_actions})"
            )
    try:
        config.evaluation.check_model(config.model)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    for key, value, most in (
        ("actors.max_edits", config.actors.max_edits, 1),
        ("learner.repair_rows", config.learner.repair_rows, 0),
    ):
        if value > most and not config.model.refine:
            raise ConfigError(
                f"{key}={value} needs a policy that edits: set model.refine=true, or {key}={most}"
            )


def with_target(config: Config, target: str | None) -> Config:
    """Return the configuration with another sandbox; None starts one on this machine."""
    return config.model_copy(update={"sandbox": replace(config.sandbox, target=target)})


@contextmanager
def sandbox(config: Config) -> Iterator[Sandbox]:
    """Yield the configured sandbox, or one started on this machine.

    Raises:
        SandboxError: it does not answer, or cannot isolate programs on this machine.
    """
    with ExitStack() as stack:
        access = stack.enter_context(reach(config.sandbox))
        client = stack.enter_context(access.client())
        client.describe()
        yield Sandbox(access, client)


@contextmanager
def parts(config: Config, folder: RunFolder, run: str, sandbox: Sandbox) -> Iterator[Parts]:
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
            sandbox=sandbox.access,
        )
        pool = RayPool(settings) if config.runtime == "ray" else LocalPool(settings)
        stack.callback(pool.stop)
        yield Parts(replay_config, replay, backend, pool)


def _backend(config: Config) -> Backend:
    if config.runtime == "local":
        return LocalBackend(config.model, config.objective, config.learner, seed=config.seed)
    from learner.rllib import RllibBackend  # needs Ray

    return RllibBackend(config.model, config.objective, config.learner, seed=config.seed)
