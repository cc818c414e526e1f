"""Which tasks a run trains on and is held to, and how the curriculum draws them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_MODEL = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class CurriculumConfig(BaseModel):
    """How training tasks are drawn."""

    model_config = _MODEL

    stage_weights: dict[str, float] = Field(default_factory=dict)
    """Relative share of draws of a stage; a stage that is not named weighs 1."""

    focus: float = Field(default=0.5, ge=0, le=1)
    """Share of a stage's draws that favour tasks solved some of the time; the rest is uniform."""

    prior: float = Field(default=4.0, gt=0)
    """Imagined attempts, half of them solved, that a task starts with: its solve rate's inertia."""

    decay: float = Field(default=0.9, gt=0, le=1)
    """What an earlier attempt still counts when a newer group of attempts arrives (1: for ever)."""

    @field_validator("stage_weights")
    @classmethod
    def _not_negative(cls, weights: dict[str, float]) -> dict[str, float]:
        for stage, weight in weights.items():
            if not 0 <= weight < float("inf"):
                raise ValueError(f"the weight of stage {stage!r} must be finite and >= 0")
        return weights


class TasksConfig(BaseModel):
    """Where tasks come from and how they are split."""

    model_config = _MODEL

    sources: tuple[str, ...] = Field(default=("arithmetic", "loops"), min_length=1)
    """Stages (`arithmetic`, `loops`), data sets (`mbpp`, `humaneval`) or paths of *.jsonl files."""

    seed: int = Field(default=0, ge=0)
    """Seeds parameters, inputs and splits: the same seed builds the same sets in every process."""

    per_family: int = Field(default=32, ge=4)
    """Distinct tasks drawn from one procedural family, at most (small families have fewer)."""

    heldout_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of each family's tasks (and of the lines of a task file) that is never trained on."""

    heldout_families: tuple[str, ...] | None = None
    """Families of which no task is trained on; null takes those that the stages name themselves."""

    plain_name_share: float = Field(default=0.25, ge=0, le=1)
    """Share of the procedural training tasks whose function has a name that says nothing (`f`,
    `solve`), so that a policy also reads the description and the examples."""

    descriptions: Literal["full", "vague"] = "full"
    """What the text of a procedural task says: all, or only what its family has in common (`Sum of
    some of the numbers in a range; see the examples.`), so that the examples tell the rest: its
    constants, its comparison, its start, which of several like operations. The tasks are the same.
    """

    undescribed_share: float = Field(default=0.05, ge=0, le=1)
    """Share of the procedural training tasks without a description: examples must do."""

    curriculum: CurriculumConfig = CurriculumConfig()
    """How training tasks are drawn."""
