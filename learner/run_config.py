"""The `run:` section of a config: how long a run lasts and what it does on the way."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class RunConfig(BaseModel):
    """Length of a run, and its evaluations, checkpoints and records."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    max_seconds: float | None = Field(default=570.0, gt=0)
    """Training time in seconds, evaluations on the way included; none: no limit."""
    max_steps: int | None = Field(default=None, ge=1)
    """Learner steps; none: no limit."""
    evaluate_every_seconds: float | None = Field(default=120.0, gt=0)
    """Time between evaluations during training, in seconds; none: only before and after."""
    evaluate_tasks: int = Field(default=60, ge=1)
    """Held-out tasks, at most, in an evaluation during training (the first of the split)."""
    final_tasks: int = Field(default=200, ge=1)
    """Tasks of each held-out split, at most, in the evaluations before and after training."""
    checkpoint_every_seconds: float = Field(default=60.0, gt=0)
    """Time between checkpoints in seconds; one more is written at the end."""
    record_every_seconds: float = Field(default=5.0, gt=0)
    """Time between two records in `metrics.jsonl`, in seconds."""

    @model_validator(mode="after")
    def _ends(self) -> "RunConfig":
        if self.max_seconds is None and self.max_steps is None:
            raise ValueError("run.max_seconds and run.max_steps are both null: set one of them")
        return self
