"""Which arithmetic a policy samples and trains in: float32, or bfloat16 where a device has it.

    policy = at_precision(policy, "auto")   # to sample: weights of linear maps are bfloat16
    with autocast("auto", device): ...      # to train: weights are float32, rounded on their way

Both round the same: what goes into linear maps and comes out of them, and so queries, keys, values
and messages, which are what the decoding cache holds. States between blocks, norms, rotary turns,
embeddings and the heads stay float32 (`policy.layers.Head`): actors and learners that differ in
their heads' arithmetic alone already disagree about probabilities (arXiv:2506.13585).
"""

import copy
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

import torch
from torch import nn

from policy.config import Precision
from policy.half import uses_float16
from policy.layers import Head, Linear
from policy.model import Policy

log = logging.getLogger(__name__)

Arithmetic = Literal["float32", "bfloat16"]


@cache
def has_units(kind: str) -> bool:
    """Whether this machine's devices of a kind (`cpu`, `cuda`) have bfloat16 in hardware."""
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return kind == "cpu" and cpu_has_units(torch.cpu.get_capabilities())


def cpu_has_units(capabilities: Mapping[str, object]) -> bool:
    """Whether a CPU of these (`torch.cpu.get_capabilities`) multiplies matrices in bfloat16."""
    return any(capabilities.get(unit) for unit in ("amx_bf16", "avx512_bf16"))


def resolve(precision: Precision, device: torch.device) -> Arithmetic:
    """Say what a setting comes to on a device; bfloat16 without units is warned of, once."""
    if precision == "auto":
        return "bfloat16" if has_units(device.type) else "float32"
    if precision == "bfloat16" and not has_units(device.type):
        _warn(device.type)
    return precision


@cache
def _warn(kind: str) -> None:
    log.warning(
        "precision=bfloat16 works here, but slower than float32: this %s has no units for it",
        "CPU (neither AMX-BF16 nor AVX512-BF16)" if kind == "cpu" else kind,
    )


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """Train in what a setting comes to: gradients and weights stay float32."""
    enabled = resolve(precision, device) == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def at_precision(policy: Policy, precision: Precision) -> Policy:
    """Give a policy that samples in what a setting comes to where it lies.

    It is the same one where nothing is to be changed, else a copy, which takes float32 weights by
    `load_state_dict` as the first does.
    """
    if uses_float16(policy):  # an export, whose matrices can't be changed any more
        return policy
    wanted = resolve(precision, policy.output_bias.device)
    if arithmetic(policy) == wanted:
        return policy
    made = copy.deepcopy(policy)
    for one in _rounded(made):
        one.to(getattr(torch, wanted))
    return made


def arithmetic(policy: Policy) -> str:
    """Say what a policy's linear maps compute in, by the name of torch's type.

    What is drawn for a seed may differ between them.
    """
    if uses_float16(policy):
        return "float16 weights"
    return str(next(_rounded(policy)).weight.dtype).removeprefix("torch.")


def _rounded(policy: nn.Module) -> Iterator[Linear]:
    for module in policy.modules():
        if isinstance(module, Linear) and not isinstance(module, Head):
            yield module
