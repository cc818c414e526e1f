"""How large a network is: its parameters, and the floating-point operations of a train step.

Nothing is computed: the network lives on torch's meta device, where tensors have shapes only.
"""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from policy import properties, spec_tokens
from policy.config import ModelConfig
from policy.model import Policy
from policy.network import NO_HOLE
from policy.spec import PROPERTY_TOKENS, SpecBatch
from policy.spec_tokens import Ids

_ROWS, _TASKS = 4, 4
SPEC_TOKENS, ACTIONS = 96, 48
"""Lengths that are counted for: typical ones of the procedural tasks."""


@dataclass(frozen=True)
class Size:
    """The size of one configuration."""

    parameters: int
    train_flops: int
    """Operations of matrix products for one program in a train step, forward and backward; a
    multiplication and an addition are two."""


def measure(config: ModelConfig) -> Size:
    """Count, for a program of ACTIONS actions (or `max_actions`, if less) and a task of its own."""
    with torch.device("meta"):
        policy = Policy(config)
        spec = _spec(min(SPEC_TOKENS, config.spec.max_tokens))
        length = min(ACTIONS, config.max_actions)
        actions = torch.zeros(_ROWS, length, dtype=torch.int64)
        features = torch.zeros(_ROWS, length, len(NO_HOLE), dtype=torch.int64)
        rows = torch.zeros(_ROWS, dtype=torch.int64)
        with FlopCounterMode(display=False) as counter:
            output = policy(policy.encode_spec(spec), rows, actions, features, features[..., 0] < 1)
            parts = (output.logits, output.q_halt, output.q_continue, *output.strategy)
            torch.autograd.backward(torch.stack([part.sum() for part in parts]).sum())
    return Size(
        sum(parameter.numel() for parameter in policy.parameters()),
        counter.get_total_flops() // _ROWS,
    )


def _spec(tokens: int) -> SpecBatch:
    return SpecBatch(
        torch.zeros(_TASKS, tokens, len(Ids._fields), dtype=torch.int64),
        torch.zeros(_TASKS, tokens, spec_tokens.NUMERIC),
        torch.zeros(_TASKS, PROPERTY_TOKENS, properties.WIDTH),
        torch.ones(_TASKS, tokens, dtype=torch.bool),
    )
