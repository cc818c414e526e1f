"""How well a policy predicts reference programs and their strategy, without sampling any."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from learner.batch import collate
from learner.objective import ObjectiveInputs
from learner.rows import Row
from learner.step import run_policy
from policy.model import Policy
from policy.strategy import NAMES

_BATCH_ROWS, _PARTS = 64, 4


@dataclass(frozen=True)
class StrategyScore:
    """How well one strategy head does."""

    accuracy: float
    majority: float
    """What always naming the commonest label of these very tasks would get."""
    classes: int
    """Different labels that these tasks have."""


@dataclass(frozen=True)
class Heldout:
    """What the last segment's outputs are worth on some tasks."""

    tasks: int
    nats_per_action: float
    """Cross-entropy of the references under the grammar's mask."""
    action_accuracy: float
    """Share of the references' actions that are the likeliest."""
    strategy: dict[str, StrategyScore]
    """By classification of `policy.strategy`."""


@torch.no_grad()
def score(policy: Policy, rows: Sequence[Row]) -> Heldout:
    """Score a policy on reference rows, where it lies. Raises ValueError without rows."""
    if not rows:
        raise ValueError("no task has a reference program to score the policy on")
    nats, hits, actions = 0.0, 0, 0
    predicted: list[list[int]] = []
    labels: list[list[int]] = []
    for inputs in _parts(policy, rows):
        logits = inputs.logits[-1][inputs.drawn].float().masked_fill(~inputs.mask, -torch.inf)
        taken = inputs.actions[inputs.drawn]
        nats -= float(_picked(logits.log_softmax(-1), taken).sum())
        hits += int((logits.argmax(-1) == taken).sum())
        actions += len(taken)
        heads = [head[-1].argmax(-1) for head in inputs.strategy]
        predicted += torch.stack(heads, dim=1).tolist()
        labels += inputs.strategy_labels.tolist()
    found = zip(NAMES, zip(*predicted, strict=True), zip(*labels, strict=True), strict=True)
    strategy = {name: _compare(guesses, truths) for name, guesses, truths in found}
    return Heldout(len(rows), nats / actions, hits / actions, strategy)


def _parts(policy: Policy, rows: Sequence[Row]) -> Iterator[ObjectiveInputs]:
    device = policy.output_bias.device
    for start in range(0, len(rows), _BATCH_ROWS):
        (shard,) = collate(rows[start : start + _BATCH_ROWS], num_parts=_PARTS)
        moved = {name: value.to(device) for name, value in shard.items()}
        yield from run_policy(policy, moved, precision="float32", averaged=policy)


def _picked(log_probs: Tensor, actions: Tensor) -> Tensor:
    return log_probs.gather(-1, actions[:, None])[:, 0]


def _compare(guesses: Sequence[int], truths: Sequence[int]) -> StrategyScore:
    counts = Counter(truths)
    right = sum(guess == truth for guess, truth in zip(guesses, truths, strict=True))
    return StrategyScore(
        accuracy=right / len(truths),
        majority=max(counts.values()) / len(truths),
        classes=len(counts),
    )
