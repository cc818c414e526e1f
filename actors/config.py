"""The `actors:` section of a config."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evaluation.sampling_config import ProfileName, SamplingConfig
from policy.config import ModelConfig

_MODEL = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class RewardConfig(BaseModel):
    """What a program that ran is worth. Penalties are given as positive numbers."""

    model_config = _MODEL

    tests: float = Field(default=1.0, ge=0)
    """For passing every test; a program that passes a share of them gets that share."""

    solved_bonus: float = Field(default=1.0, ge=0)
    """On top, for passing all of them."""

    compile_penalty: float = Field(default=0.5, ge=0)
    """For a program that does not compile."""

    runtime_penalty: float = Field(default=0.2, ge=0)
    """For a program of which every test ended in an error, out of memory or with too much output; a
    share of the tests costs that share."""

    timeout_penalty: float = Field(default=0.2, ge=0)
    """The same for tests that ran out of time."""

    size_penalty: float = Field(default=0.05, ge=0)
    """For a program as long as `max_actions`; a shorter one costs in proportion."""


class RoleConfig(BaseModel):
    """What one specialist of the pool does otherwise; null is as the pool does."""

    model_config = _MODEL

    temperature: float | None = Field(default=None, gt=0)
    """Sampling temperature."""

    profile: ProfileName | None = None
    """Grammar profile."""

    stages: tuple[str, ...] | None = None
    """Stages of the curriculum that are drawn."""


class ActorsConfig(SamplingConfig):
    """How programs are sampled, run and rewarded."""

    section: ClassVar[str] = "actors"

    num_actors: int = Field(default=1, ge=0)
    """Actors in the pool; 0 trains on references alone."""

    tasks_per_batch: int = Field(default=16, ge=1)
    """Tasks drawn for one batch."""

    samples_per_task: int = Field(default=8, ge=1)
    """Programs sampled for each of them: the group of the group-relative baseline."""

    max_edits: int = Field(default=1, ge=1)
    """Longest episode: the first program and max_edits - 1 edits of it, each at a node that the
    policy points at. An episode ends before when the visible examples pass, or when the Q-heads say
    so (`model.hrm.act`). More than 1 needs model.refine."""

    edit_exploration: float = Field(default=0.0, ge=0, le=1)
    """Chance that a program which fails its visible examples is edited although the Q-heads say
    halt: an episode that ends teaches nothing of what another edit would have been worth."""

    in_flight: int = Field(default=2, ge=1)
    """Batches that one actor has in the sandbox while it samples the next."""

    max_ahead: int = Field(default=1024, ge=1)
    """Trajectories that wait for the learner, or that it holds, at which no actor starts another
    batch: staleness is bounded by admission, nothing is thrown away."""

    temperature: float = Field(default=1.0, gt=0)
    """Sampling temperature."""

    stages: tuple[str, ...] = ()
    """Stages of the curriculum that are drawn; none named: all."""

    roles: tuple[RoleConfig, ...] = ()
    """Specialists, dealt to the actors in turn; none: all actors are alike."""

    weights_poll_seconds: float = Field(default=1.0, ge=0)
    """At most this often an actor asks for newer weights."""

    torch_threads: int = Field(default=1, ge=1)
    """Threads of torch in one actor."""

    num_cpus: float = Field(default=1.0, ge=0)
    """CPUs that an actor reserves in the Ray cluster."""

    num_gpus: float = Field(default=0.0, ge=0, le=1)
    """Share of a GPU that an actor reserves in the Ray cluster: with 0.25 four actors share one.
    With 0 it samples on the CPU, whatever GPUs are there; runtime=local reserves nothing."""

    sandbox_timeout_seconds: float = Field(default=30.0, gt=0)
    """How long the sandbox may be silent before what it was sent is sent again."""

    sandbox_longest_pause_seconds: float = Field(default=10.0, gt=0)
    """Longest pause between two tries while the whole sandbox pool is away."""

    max_restarts: int = Field(default=10, ge=0)
    """Restarts of dead actors within ten minutes, all of them together, above which the run stops
    with an error."""

    reward: RewardConfig = RewardConfig()
    """What a program is worth."""

    @model_validator(mode="after")
    def _no_gpu_is_idle(self) -> Self:
        if self.num_gpus and self.device == "cpu":
            raise ValueError(
                f"actors.num_gpus={self.num_gpus:g} reserves a GPU that actors.device=cpu leaves "
                "idle: set actors.num_gpus=0, or actors.device=auto"
            )
        return self

    def check_model(self, model: ModelConfig) -> None:
        """Raise ValueError where a policy of `model` can't sample or edit so."""
        super().check_model(model)
        if self.max_edits > 1 and not model.refine:
            raise ValueError(
                f"actors.max_edits={self.max_edits} needs a policy that edits: set "
                "model.refine=true, or actors.max_edits=1"
            )

    def of_actor(self, index: int) -> Self:
        """Make the config of one actor of the pool: its role applied."""
        if not self.roles:
            return self
        role = self.roles[index % len(self.roles)]
        return self.model_copy(update={**role.model_dump(exclude_none=True), "roles": ()})
