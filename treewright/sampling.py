"""What sampling from a policy takes: settings that it can do, and a sandbox that answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from evaluation.config import EvaluationConfig
from sandbox.local import Reached, reach
from treewright.config import Config, ConfigError


@contextmanager
def sandbox(config: Config) -> Iterator[Reached]:
    """Yield the configured sandbox, or one started on this machine.

    Raises:
        SandboxError: it does not answer, or cannot isolate programs on this machine.
    """
    with reach(config.sandbox) as reached:
        reached.client.describe()
        yield reached


def with_target(config: Config, target: str | None) -> Config:
    """Return the configuration with another sandbox; None starts one on this machine."""
    return config.model_copy(update={"sandbox": replace(config.sandbox, target=target)})


def check_sampling(config: Config) -> None:
    """Refuse sampling, searching and repairs that the model can't do. Raises ConfigError."""
    try:
        config.actors.check_model(config.model)
        config.evaluation.check_model(config.model)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if config.learner.repair_rows and not config.model.refine:
        raise ConfigError(
            f"learner.repair_rows={config.learner.repair_rows} needs a policy that edits: set "
            "model.refine=true, or learner.repair_rows=0"
        )


def refuse_samples(settings: EvaluationConfig, samples: int | None) -> None:
    """Raise ConfigError where `--samples` is given to a search, which has a budget of its own."""
    if samples is not None and settings.search != "none":
        raise ConfigError(
            f"--samples is for search=none: with search={settings.search} give "
            f"search_nodes={samples}"
        )
