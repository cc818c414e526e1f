"""The `evaluation:` section of a config."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from evaluation.sampling_config import SamplingConfig
from policy.config import ModelConfig

Search = Literal["none", "best_of", "beam", "mcts"]


class EvaluationConfig(SamplingConfig):
    """How a policy is measured on a set of tasks."""

    section: ClassVar[str] = "evaluation"

    samples: int = Field(default=10, ge=1)
    """Programs sampled for each task where `search` is none."""

    ks: tuple[int, ...] = Field(default=(1, 10), min_length=1)
    """The k of each pass@k that is reported; none may exceed `samples`, or `search_nodes` where
    there is a search: then pass@k says whether one of its k best programs is right."""

    search: Search = "none"
    """How programs are looked for: none samples each on its own; the others run them on the visible
    examples as well, edit them if `max_edits` allows, and rank them. best_of: independent episodes;
    beam: the best few so far are edited; mcts: Monte Carlo tree search by UCB1."""

    max_edits: int = Field(default=1, ge=1)
    """Longest episode of a search: the first program and max_edits - 1 edits of it. More than 1
    takes a policy with model.refine; beam and mcts take at least 2."""

    search_nodes: int = Field(default=32, ge=1)
    """Programs that a search draws for a task at most; each is run, unless seen before."""

    search_seconds: float | None = Field(default=None, gt=0.0)
    """Wall time of a task's search at most, in seconds, looked at between rounds; tasks that are
    searched together share theirs. None: no limit."""

    beam_width: int = Field(default=4, ge=1)
    """Programs that a beam search edits in each round."""

    mcts_leaves: int = Field(default=8, ge=1)
    """Programs that a tree search draws in each round: more are faster and less well chosen."""

    mcts_exploration: float = Field(default=0.5, ge=0.0)
    """Constant of UCB1 (dimensionless): higher looks more at what was tried less; √2 is the
    published one, for thousands of tries."""

    temperature: float = Field(default=0.8, gt=0.0)
    """Softmax temperature of the sampling (dimensionless)."""

    batch_rows: int = Field(default=256, ge=1)
    """Programs computed together, those that begin alike as one; larger is faster and takes more
    memory."""

    batches_in_flight: int = Field(default=2, ge=1)
    """Sampled batches that may wait for the sandbox while the next one is sampled."""

    @property
    def programs(self) -> int:
        """Programs drawn for each task at most."""
        return self.samples if self.search == "none" else self.search_nodes

    @model_validator(mode="after")
    def _ks_fit_the_programs(self) -> Self:
        wrong = [k for k in self.ks if not 1 <= k <= self.programs]
        if wrong:
            key = "samples" if self.search == "none" else "search_nodes"
            raise ValueError(
                f"evaluation.ks: pass@{wrong[0]} needs evaluation.{key} >= {max(wrong[0], 1)} "
                f"and k >= 1, got {key}={self.programs}"
            )
        return self

    @model_validator(mode="after")
    def _edits_fit_the_search(self) -> Self:
        if self.search == "none" and self.max_edits > 1:
            raise ValueError(
                f"evaluation.max_edits={self.max_edits} needs evaluation.search=best_of, beam or "
                "mcts: without a search nothing is edited"
            )
        if self.search in ("beam", "mcts") and self.max_edits < 2:
            raise ValueError(
                f"evaluation.search={self.search} needs evaluation.max_edits >= 2: with one edit, "
                "the first program, it is best_of"
            )
        return self

    def check_model(self, model: ModelConfig) -> None:
        """Raise ValueError where a policy of `model` can't sample or be searched so."""
        super().check_model(model)
        if self.max_edits > 1 and not model.refine:
            raise ValueError(
                f"evaluation.search={self.search} with max_edits={self.max_edits} needs a policy "
                "that edits, trained with model.refine=true: take search=best_of and max_edits=1"
            )
