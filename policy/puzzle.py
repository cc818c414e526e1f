"""The published HRM: one input token a position, a task embedding, ACT halting, and its losses.

This is the reference mode of `policy.hrm.HRM`: bidirectional, without spec and tree
(arXiv:2506.21734). It exists so that the core can be checked against published values.

A train step is one segment, so nobody runs the next one in time to teach the value of continuing.
With `q_target` `second_forward` it is run for that alone, as published: 6 of the 16 level calls of
a step of two by two cycles. With `bootstrapped` the next train step, which runs it anyway, teaches
the value that the head gives to the state it starts from. That state is detached and the weights
are a step newer, so the head learns it and nothing else does.

Shapes: B rows, L tokens, P task-embedding positions, S = P + L, V vocabulary, d width.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from policy.blocks import Surroundings
from policy.config import HRMConfig
from policy.hrm import HRM, Carry
from policy.layers import Linear, init_normal

IGNORED = -100
"""Label of a position that no loss counts."""


class PuzzleShape(NamedTuple):
    """Sizes of a puzzle model besides its core."""

    vocabulary: int
    length: int
    tasks: int
    task_width: int
    """Width of a task's embedding; 0 means that there is none."""
    max_steps: int
    """ACT steps after which a row halts anyway."""


class PuzzleBatch(NamedTuple):
    """Rows of puzzles."""

    inputs: Int[Tensor, "B L"]
    labels: Int[Tensor, "B L"]
    tasks: Int[Tensor, " B"]


class PuzzleCarry(NamedTuple):
    """What passes between ACT steps; halted rows take new puzzles at the next step."""

    states: Carry
    steps: Int[Tensor, " B"]
    halted: Bool[Tensor, " B"]
    batch: PuzzleBatch


class PuzzleOutput(NamedTuple):
    """Logits and Q-values of one ACT step (one segment)."""

    logits: Float[Tensor, "B L V"]
    q_halt: Float[Tensor, " B"]
    q_continue: Float[Tensor, " B"]
    continuing: "Continuing | None"
    """What the value of continuing is taught; None unless it is."""


class Continuing(NamedTuple):
    """Values of continuing and what they should be."""

    value: Float[Tensor, " B"]
    target: Float[Tensor, " B"]
    """Probability that the best Q of the step after gives."""
    taught: Bool[Tensor, " B"]
    """Rows that have such a step."""


class PuzzleHRM(nn.Module):
    """The core between token embeddings and a token head, run one segment an ACT step."""

    def __init__(self, config: HRMConfig, shape: PuzzleShape) -> None:
        super().__init__()
        if config.q_target == "lagged":
            raise ValueError(
                "q_target is lagged, but puzzles keep no moving average of the weights"
            )
        width, std = config.width, 1.0 / math.sqrt(config.width)
        self.shape, self.prefix = shape, -(shape.task_width // -width)
        self.tokens = nn.Parameter(init_normal(torch.empty(shape.vocabulary, width), std))
        length = shape.length + self.prefix
        self.places = (
            nn.Parameter(init_normal(torch.empty(length, width), std))
            if config.positions == "learned"
            else None
        )
        self.tasks = nn.Parameter(torch.zeros(shape.tasks, shape.task_width))
        self.hrm = HRM(config, length)
        self.lm_head = Linear(width, shape.vocabulary, bias=False)

    def start(self, batch: PuzzleBatch) -> PuzzleCarry:
        """Give a carry whose rows are all halted, so that the first step resets them."""
        rows = batch.inputs.shape[0]
        return PuzzleCarry(
            self.hrm.initial(rows, self.shape.length + self.prefix),
            batch.tasks.new_zeros(rows),
            torch.ones_like(batch.tasks, dtype=torch.bool),
            batch,
        )

    def forward(self, carry: PuzzleCarry, batch: PuzzleBatch) -> tuple[PuzzleCarry, PuzzleOutput]:
        """Run one ACT step; halted rows start afresh on `batch`, the others go on with theirs."""
        rows = carry.halted
        states = self.hrm.reset(carry.states, rows)
        steps = torch.where(rows, 0, carry.steps) + 1
        current = PuzzleBatch(
            torch.where(rows[:, None], batch.inputs, carry.batch.inputs),
            torch.where(rows[:, None], batch.labels, carry.batch.labels),
            torch.where(rows, batch.tasks, carry.batch.tasks),
        )
        x = self.embed(current)
        around = Surroundings(rotation=self.hrm.rotation(0, x.shape[1]))
        after = self.hrm.segment(states, x, around)
        halt, go_on = self.hrm.q_values(after.z_h[:, 0])
        last = steps >= self.shape.max_steps
        halted, continuing = last, None
        if self.training and self.shape.max_steps > 1:
            halted = last | self.hrm.wants_to_halt(halt, go_on)
            match self.hrm.config:
                case HRMConfig(act="halt_continue", q_target="second_forward"):
                    target = self._second_forward(after.detach(), x, around, last)
                    continuing = Continuing(go_on, target, torch.ones_like(rows))
                case HRMConfig(act="halt_continue"):
                    _, before = self.hrm.q_values(carry.states.z_h[:, 0])
                    best = torch.maximum(halt, go_on).detach().sigmoid()
                    continuing = Continuing(before, best, ~rows)
        logits = self.lm_head(after.z_h)[:, self.prefix :]
        output = PuzzleOutput(logits, halt, go_on, continuing)
        return PuzzleCarry(after.detach(), steps, halted, current), output

    def embed(self, batch: PuzzleBatch) -> Float[Tensor, "B S d"]:
        """Embed tokens after the task's embedding, padded to whole positions."""
        width = self.hrm.config.width
        x = functional.embedding(batch.inputs, self.tokens)
        if self.prefix:
            task = functional.embedding(batch.tasks, self.tasks)
            task = functional.pad(task, (0, self.prefix * width - task.shape[-1]))
            x = torch.cat((task.view(-1, self.prefix, width), x), dim=1)
        if self.places is not None:
            x = (x + self.places) / math.sqrt(2)
        return math.sqrt(width) * x

    @torch.no_grad()
    def _second_forward(
        self, states: Carry, x: Tensor, around: Surroundings, last: Bool[Tensor, " B"]
    ) -> Float[Tensor, " B"]:
        halt, go_on = self.hrm.q_values(self.hrm.segment(states, x, around).z_h[:, 0])
        return torch.sigmoid(torch.where(last, halt, torch.maximum(halt, go_on)))


def stablemax_cross_entropy(
    logits: Float[Tensor, "B L V"], labels: Int[Tensor, "B L"]
) -> Float[Tensor, "B L"]:
    """Cross-entropy with s(x) = x + 1 or 1 / (1 - x) for exp (arXiv:2501.04697), in float64."""
    x = logits.double()
    scores = torch.where(x < 0, 1 / (1 - x.clamp(max=0)), x + 1)
    log_probs = (scores / scores.sum(-1, keepdim=True)).log()
    return _pick(log_probs, labels)


def softmax_cross_entropy(
    logits: Float[Tensor, "B L V"], labels: Int[Tensor, "B L"]
) -> Float[Tensor, "B L"]:
    """Cross-entropy per position, 0 at ignored ones."""
    return _pick(logits.float().log_softmax(-1), labels)


def _pick(log_probs: Tensor, labels: Tensor) -> Tensor:
    counted = labels != IGNORED
    picked = log_probs.gather(-1, torch.where(counted, labels, 0)[..., None])[..., 0]
    return -torch.where(counted, picked, 0)


LOSSES = {
    "stablemax_cross_entropy": stablemax_cross_entropy,
    "softmax_cross_entropy": softmax_cross_entropy,
}


def puzzle_loss(
    output: PuzzleOutput, labels: Int[Tensor, "B L"], cross_entropy: str
) -> Float[Tensor, ""]:
    """Give the published loss, summed over the rows: tokens + (halt + continue) / 2.

    `cross_entropy` is a key of LOSSES.
    """
    counted = labels != IGNORED
    right = ~((output.logits.argmax(-1) != labels) & counted).any(-1)
    losses = LOSSES[cross_entropy](output.logits, labels)
    tokens = losses / counted.sum(-1, keepdim=True).clamp(min=1)
    q_loss = functional.binary_cross_entropy_with_logits(
        output.q_halt, right.to(output.q_halt), reduction="sum"
    )
    if output.continuing is not None:
        value, target, taught = output.continuing
        q_loss = q_loss + functional.binary_cross_entropy_with_logits(
            value, target, taught.to(value), reduction="sum"
        )
    return tokens.sum() + 0.5 * q_loss
