"""Settings of the objective and of the learners."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from policy.config import Device, Precision

_MODEL_CONFIG = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

NonNegative = Annotated[float, Field(ge=0.0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Schedule(BaseModel):
    """A value that goes linearly from `start` to `end` between two train steps."""

    model_config = _MODEL_CONFIG

    start: NonNegative
    """Value at and before `from_step`."""
    end: NonNegative
    """Value at and after `to_step`."""
    from_step: Annotated[int, Field(ge=0)] = 0
    """Train step at which the value begins to move."""
    to_step: Annotated[int, Field(ge=1)]
    """Train step at which the value arrives."""

    @model_validator(mode="after")
    def _forward_in_time(self) -> Self:
        if self.to_step <= self.from_step:
            raise ValueError(
                f"to_step ({self.to_step}) must be greater than from_step ({self.from_step})"
            )
        return self

    def at(self, step: int) -> float:
        """Return the value at a train step."""
        share = (step - self.from_step) / (self.to_step - self.from_step)
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)


Weight = NonNegative | Schedule


class ObjectiveConfig(BaseModel):
    """Weights of the objective's terms (a number or a schedule) and the constants inside them."""

    model_config = _MODEL_CONFIG

    supervised: Weight = 1.0
    """Weight of the cross-entropy on reference programs, in nats a token."""
    imitation: Weight = 0.1
    """Weight of the cross-entropy on programs that the sandbox verified (self-imitation)."""
    repair: Weight = 1.0
    """Weight of the cross-entropy on the actions of repairs, in nats a token."""
    pointer: Weight = 0.2
    """Weight of the cross-entropy on the nodes at which repairs begin, in nats a repair."""
    policy_gradient: Weight = 1.0
    """Weight of the clipped policy gradient on execution rewards."""
    q_halt: Weight = 0.5
    """Weight of the halt head's binary cross-entropy to `solved`."""
    q_continue: Weight = 0.25
    """Weight of the continue head's binary cross-entropy to what another edit turned out to be
    worth, or to its bootstrapped target."""
    strategy: Weight = 0.1
    """Weight of the cross-entropy on the reference's strategy labels."""
    constraints: Weight = 0.1
    """Weight of -log of the grammar-legal probability mass that obeys the task's constraints."""
    entropy: Weight = 0.003
    """Weight of the entropy bonus on rollout positions, in nats."""
    clip_low: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.2
    """Importance ratios below 1 - clip_low stop gaining from a negative advantage."""
    clip_high: Annotated[float, Field(gt=0.0)] = 0.28
    """Importance ratios above 1 + clip_high stop gaining from a positive advantage."""
    clip_negative: Annotated[float, Field(gt=1.0)] = 3.0
    """Largest importance ratio that a negative advantage is charged for (dual clip)."""
    advantage_epsilon: Annotated[float, Field(gt=0.0)] = 1e-4
    """Added to the group's reward standard deviation, in units of reward."""
    staleness_decay: Annotated[float, Field(gt=0.0, le=1.0)] = 0.98
    """A rollout's gradient is multiplied by this once for every version that it lags behind."""

    def weights_at(self, step: int) -> dict[str, float]:
        """Return every term's weight at a train step, by the term's name."""
        return {name: _weight_at(getattr(self, name), step) for name in TERMS}


def _weight_at(weight: float | Schedule, step: int) -> float:
    return weight.at(step) if isinstance(weight, Schedule) else weight


TERMS = (
    "supervised",
    "imitation",
    "repair",
    "pointer",
    "policy_gradient",
    "q_halt",
    "q_continue",
    "strategy",
    "constraints",
    "entropy",
)


class OptimizerConfig(BaseModel):
    """AdamW with a linear warm-up, a cosine decay, and an average of the weights."""

    model_config = _MODEL_CONFIG

    learning_rate: Annotated[float, Field(gt=0.0)] = 1e-3
    """Peak learning rate."""
    final_learning_rate_ratio: Fraction = 0.1
    """Learning rate at the end of the decay, as a share of the peak."""
    warmup_steps: Annotated[int, Field(ge=0)] = 50
    """Train steps over which the learning rate rises from 0 to its peak."""
    decay_steps: Annotated[int, Field(ge=0)] = 0
    """Train steps from the warm-up's end to the final learning rate; 0 keeps the peak."""
    beta1: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.9
    """Decay of AdamW's first moment."""
    beta2: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.95
    """Decay of AdamW's second moment."""
    weight_decay: NonNegative = 0.05
    """Decoupled weight decay; matrices only, not norms, biases or other vectors."""
    clip_norm: Annotated[float, Field(gt=0.0)] = 1.0
    """Largest L2 norm of the whole gradient."""
    ema_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.995
    """Decay of the weights' moving average, which actors and evaluation use; 0 turns it off."""


class LearnerConfig(BaseModel):
    """How many learners, what they train on, and where."""

    model_config = _MODEL_CONFIG

    num_learners: Annotated[int, Field(ge=0)] = 0
    """Learner processes under RLlib (2 or more train data-parallel); 0 trains in the driver."""
    device: Device = "auto"
    """Where to train: `auto` (a GPU if torch sees one, else the CPU), `cpu`, `cuda` or `cuda:N`.
    Learner processes have the GPUs that Ray gives them: `auto` takes one each if there are as many,
    and `cuda:N` is for training in the driver."""
    precision: Precision = "auto"
    """Arithmetic of the forward pass: float32, or bfloat16 (torch's autocast; weights, heads,
    losses, optimizer and averages stay float32); `auto` is bfloat16 on a GPU that has it and on a
    CPU with AMX-BF16 or AVX512-BF16, else float32."""
    torch_threads: Annotated[int, Field(ge=1)] = 1
    """CPU threads of torch in each learner."""
    supervised_rows: Annotated[int, Field(ge=0)] = 64
    """Rows a step from the tasks' reference programs."""
    rollout_rows: Annotated[int, Field(ge=0)] = 64
    """Trajectories a step, at most; each gives a row for every edit of its episode."""
    verified_rows: Annotated[int, Field(ge=0)] = 16
    """Rows a step, at most, from programs that passed every test earlier in the run."""
    verified_per_task: Annotated[int, Field(ge=1)] = 4
    """Different verified programs kept for a task; the shortest stay."""
    repair_rows: Annotated[int, Field(ge=0)] = 0
    """Rows a step, at most, that repair a failing program: half of them programs that actors saw
    fail, the rest corrupted references. More than 0 needs model.refine."""
    length_parts: Annotated[int, Field(ge=1)] = 4
    """Parts, by length, that a learner's rows are padded in; 1 is best on a GPU."""
    text_dropout: Fraction = 0.1
    """Chance that a supervised row's task is shown without its description."""
    names_dropout: Fraction = 0.1
    """Chance that a supervised row's task is shown without the words of its names."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """AdamW's settings."""
    publish_every_steps: Annotated[int, Field(ge=1)] = 4
    """Train steps between two published versions of the weights."""
    keep_checkpoints: Annotated[int, Field(ge=1)] = 3
    """Checkpoints kept in the run folder; older ones are deleted."""

    @model_validator(mode="after")
    def _some_rows(self) -> Self:
        if self.supervised_rows + self.rollout_rows == 0:
            raise ValueError("supervised_rows and rollout_rows are both 0: nothing to train on")
        return self
