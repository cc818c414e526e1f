"""The `evaluation:` section of a config."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class EvaluationConfig(BaseModel):
    """How a policy is measured on a set of tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    samples: int = Field(default=10, ge=1)
    """Programs sampled for each task."""

    ks: tuple[int, ...] = Field(default=(1, 10), min_length=1)
    """The k of each pass@k that is reported; none may exceed `samples`."""

    temperature: float = Field(default=0.8, gt=0.0)
    """Softmax temperature of the sampling (dimensionless)."""

    profile: str = "core"
    """Name of the grammar profile that programs are sampled in."""

    max_actions: int = Field(default=192, ge=8)
    """Longest program, in grammar actions."""

    batch_rows: int = Field(default=256, ge=1)
    """Programs sampled in one batch; larger is faster and takes more memory."""

    batches_in_flight: int = Field(default=2, ge=1)
    """Sampled batches that may wait for the sandbox while the next one is sampled."""

    cpu_seconds: float = Field(default=1.0, gt=0.0)
    """CPU time that one program may take for all its tests, in seconds."""

    memory_bytes: int = Field(default=256 * 2**20, ge=2**25)
    """Address space that one program may take, in bytes."""

    @model_validator(mode="after")
    def _ks_fit_the_samples(self) -> Self:
        wrong = [k for k in self.ks if not 1 <= k <= self.samples]
        if wrong:
            raise ValueError(
                f"evaluation.ks: pass@{wrong[0]} needs evaluation.samples >= {max(wrong[0], 1)} "
                f"and k >= 1, got samples={self.samples}"
            )
        return self
