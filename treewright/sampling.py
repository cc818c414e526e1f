"""What sampling from a policy takes: settings that it can do, and a sandbox that answers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from evaluation.config import EvaluationConfig
from policy.grammar import PROFILES
from sandbox.client import SandboxClient
from sandbox.local import Access, reach
from treewright.config import Config, ConfigError


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that answers."""

    access: Access
    client: SandboxClient


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


def with_target(config: Config, target: str | None) -> Config:
    """Return the configuration with another sandbox; None starts one on this machine."""
    return config.model_copy(update={"sandbox": replace(config.sandbox, target=target)})


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


def refuse_samples(settings: EvaluationConfig, samples: int | None) -> None:
    """Raise ConfigError where `--samples` is given to a search, which has a budget of its own."""
    if samples is not None and settings.search != "none":
        raise ConfigError(
            f"--samples is for search=none: with search={settings.search} give "
            f"search_nodes={samples}"
        )
