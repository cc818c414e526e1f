"""The configuration of a run: every package's own section, composed, read and checked.

A configuration is a YAML file; the command line overrides single keys as `key.sub=value`, and
whole sections with the keys of another file as `key=@FILE`. Later ones win. A wrong key or value is
a `ConfigError` of one line that names the key, what was expected and, for an unknown key, the
nearest valid one.
"""

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from yaml import YAMLError

from actors.config import ActorsConfig
from evaluation.config import EvaluationConfig
from learner.config import LearnerConfig, ObjectiveConfig
from learner.run_config import RunConfig
from policy.config import ModelConfig
from replay.config import ReplayConfig
from sandbox.config import SandboxConfig
from tasks.config import TasksConfig

SECRETS = (("replay", "url"), ("sandbox", "token"))
HIDDEN = "**********"


class ConfigError(ValueError):
    """A configuration that cannot be used; the message is one line for the user."""


class MetricsConfig(BaseModel):
    """Where Prometheus reads the metrics of learner, actors and replay."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    port: int = Field(default=0, ge=-1, le=65535)
    """TCP port; 0 takes a free one, -1 serves no metrics."""
    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` in a cluster."""


class RayConfig(BaseModel):
    """How the `ray` runtime finds or starts its cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    address: str | None = None
    """Cluster to join: `auto`, `host:port`; none starts a private one on this machine. A submitted
    job joins the cluster that runs it whatever is set here."""
    object_store_bytes: int = Field(default=256 * 2**20, ge=80 * 2**20)
    """Memory of the private cluster's object store."""


class Config(BaseModel):
    """A whole run."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str = Field(default="local", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Name of the run; its folder is `runs/NAME`."""
    runs: str = "runs"
    """Folder that holds the run folders."""
    seed: int = Field(default=1, ge=0)
    """Seed of the weights, the batches and the sampling."""
    runtime: Literal["ray", "local"] = "ray"
    """`ray`: Ray actors and RLlib learners; `local`: processes and plain torch."""
    logger: Literal["tensorboard", "wandb"] = "tensorboard"
    """`wandb` sends the metrics to Weights & Biases as well; TensorBoard is always written."""
    tasks: TasksConfig = TasksConfig()
    model: ModelConfig = ModelConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    learner: LearnerConfig = LearnerConfig()
    run: RunConfig = RunConfig()
    actors: ActorsConfig = ActorsConfig()
    sandbox: SandboxConfig = SandboxConfig()
    replay: ReplayConfig = ReplayConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    metrics: MetricsConfig = MetricsConfig()
    ray: RayConfig = RayConfig()


def load(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Read `path` (none: the defaults), apply `key.sub=value` and `key=@FILE`, check everything.

    Raises:
        ConfigError: the file is missing or is not YAML, or a key or a value is wrong.
    """
    base = OmegaConf.create({}) if path is None else _read(path)
    try:
        merged = OmegaConf.merge(base, *(_override(override) for override in overrides))
        values = OmegaConf.to_container(merged, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"config {path}: {' '.join(str(error).split())}") from error
    return check(values)


def override(
    config: Config, section: str, changed: Mapping[str, Any], overrides: Sequence[str]
) -> Config:
    """Return `config` with values of one section changed: first `changed`, then `key=value`.

    Raises:
        ConfigError: a key or a value is wrong.
    """
    values = config.model_dump(mode="json")
    values[section] |= changed
    pairs = (_override(f"{section}.{override}") for override in overrides)
    try:
        merged = OmegaConf.to_container(OmegaConf.merge(values, *pairs), resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{section}: {' '.join(str(error).split())}") from error
    return check(merged)


def _override(text: str) -> DictConfig:
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"override {text!r}: expected key=value or key=@FILE")
    if not value.startswith("@"):
        return OmegaConf.from_dotlist([text])
    values = _read(Path(value.removeprefix("@")))
    for part in reversed(key.split(".")):
        values = OmegaConf.create({part: values})
    return values


def _read(path: Path) -> DictConfig:
    try:
        values = OmegaConf.load(path)
    except FileNotFoundError as error:
        raise ConfigError(f"config file {path} does not exist") from error
    except (OSError, YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        raise ConfigError(f"config {path}: {' '.join(str(error).split())}") from error
    if not isinstance(values, DictConfig):
        raise ConfigError(f"config {path}: expected keys and values at the top")
    return values


def check(values: Any) -> Config:
    """Validate plain values. Raises ConfigError naming the first wrong key."""
    for section, key in SECRETS:
        if isinstance(values, dict) and (values.get(section) or {}).get(key) == HIDDEN:
            raise ConfigError(f"{section}.{key} is a secret, which no file keeps: give it again")
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_describe(error)) from error


def to_plain(config: Config) -> dict[str, Any]:
    """Return the configuration as plain values, without what must stay secret."""
    plain: dict[str, Any] = config.model_dump(mode="json")
    for section, key in SECRETS:
        if plain[section][key] is not None:
            plain[section][key] = HIDDEN
    return plain


def dump(config: Config, path: Path) -> None:
    """Write the configuration as YAML that `load` reads back, once its secrets are given again."""
    OmegaConf.save(OmegaConf.create(to_plain(config)), path)


def _describe(error: ValidationError) -> str:
    first, *others = error.errors()
    key = ".".join(str(part) for part in first["loc"]) or "config"
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        text = f"unknown key {key!r}{_nearest(first['loc'])}"
    else:
        # A whole section is no help: what is wrong between its keys, the message says.
        untold = first["type"] == "missing" or isinstance(first["input"], dict)
        given = "" if untold else f" (given: {first['input']!r:.80})"
        text = f"{key}: {first['msg'].removeprefix('Value error, ')}{given}"
    return text + (f" (and {len(others)} more)" if others else "")


def _nearest(location: tuple[int | str, ...]) -> str:
    section: Any = Config
    for part in location[:-1]:
        section = _field_type(section, str(part))
    names = _field_names(section)
    near = difflib.get_close_matches(str(location[-1]), names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {'.'.join(map(str, (*location[:-1], near[0])))!r}?"
    return f"; valid keys there: {', '.join(sorted(names))}"


def _field_names(section: Any) -> list[str]:
    if isinstance(section, type) and issubclass(section, BaseModel):
        return list(section.model_fields)
    if dataclasses.is_dataclass(section):
        return [field.name for field in dataclasses.fields(section)]
    return []


def _field_type(section: Any, name: str) -> Any:
    if isinstance(section, type) and issubclass(section, BaseModel):
        field = section.model_fields.get(name)
        annotation: Any = field.annotation if field else None
    elif dataclasses.is_dataclass(section):
        annotation = next((f.type for f in dataclasses.fields(section) if f.name == name), None)
    else:
        annotation = None
    candidates = [annotation, *get_args(annotation)]
    return next((c for c in candidates if _field_names(c)), None)
