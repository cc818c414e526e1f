"""How a policy computes the next position: operation by operation, or by one compiled graph.

    set_decoding(policy, "auto")             # compiled on a GPU
    decoded = decode(policy, reading, features, cache)

A step is a hundred or more small operations, each of which waits for Python. `torch.compile` makes
one function of them; on a GPU it is recorded as CUDA graphs besides, one for each shape
(`policy.fixed` keeps those few), which nothing has to launch piece by piece. The first step waits
for the compiler.

    CompileError(ValueError)    one line that says what to do

Shapes: N tasks, B rows, T spec tokens, V vocabulary, d width, F features of a hole.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from policy.blocks import SpecReading
from policy.cache import DecodingCache
from policy.config import Decoding
from policy.fixed import FixedMemory, FixedStep, rounded
from policy.half import uses_float16
from policy.model import Policy


class CompileError(ValueError):
    """Compiled decoding that this machine, or this policy, can't have."""


class Decoded(NamedTuple):
    """What a step says of each row."""

    state: Float[Tensor, "B d"]
    """z_H, which the Q-heads read."""
    logits: Float[Tensor, "B V"]
    """Of the next action, unmasked."""


def resolve(decoding: Decoding, device: torch.device) -> Literal["eager", "compiled"]:
    """Say what a setting comes to on a device.

    Raises CompileError where what is asked for can't be compiled here.
    """
    if decoding == "auto":
        return "compiled" if device.type == "cuda" and _has_compiler() else "eager"
    if decoding == "compiled" and not _has_compiler():
        raise CompileError(
            "decoding=compiled needs a C++ compiler: install g++ (or name one in CXX), or set "
            "decoding=eager"
        )
    return decoding


def _has_compiler() -> bool:
    """Whether torch finds a C++ compiler."""
    from torch._inductor.cpp_builder import get_cpp_compiler  # takes as long as torch itself
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        return False
    return True


def set_decoding(policy: Policy, decoding: Decoding) -> None:
    """Let a policy decode as a setting says where it lies, from now on.

    Raises CompileError where it can't.
    """
    packed = uses_float16(policy)
    if packed and decoding == "compiled":
        raise CompileError(
            "decoding=compiled: the float16 products of an export can't be compiled: set "
            "decoding=eager, or sample from the run's checkpoint"
        )
    policy.compiled = not packed and resolve(decoding, policy.output_bias.device) == "compiled"


def decode(
    policy: Policy, reading: SpecReading, features: Int[Tensor, "B F"], cache: DecodingCache
) -> Decoded:
    """Compute the position that each row of the cache stands at; see `Policy.step`."""
    if not policy.compiled:
        state = policy.step(reading, features, cache)
        return Decoded(state, policy.project(state))
    step = cache.fixed()
    _mark(reading, features, step)
    if not features.is_cuda:
        return _compiled("cpu")(policy, reading, features, step)
    # What a recorded graph gives lies where the next step writes.
    torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
    return Decoded(*(part.clone() for part in _compiled("cuda")(policy, reading, features, step)))


def widened(reading: SpecReading) -> SpecReading:
    """Round a reading's tokens up, as compiled steps ask for; those that are added are masked."""
    more = rounded(reading.mask.shape[1]) - reading.mask.shape[1]
    kv = tuple(functional.pad(pair, (0, 0, 0, more)) for pair in reading.kv)
    return SpecReading(kv, functional.pad(reading.mask, (0, more)))


def _step(
    policy: Policy, reading: SpecReading, features: Int[Tensor, "B F"], step: FixedStep
) -> Decoded:
    state = policy.step(reading, features, FixedMemory(step))
    return Decoded(state, policy.project(state))


@cache
def _compiled(device: str) -> Callable[[Policy, SpecReading, Tensor, FixedStep], Decoded]:
    # One process compiles: elsewhere it may be one of many actors.
    options: dict[str, str | int | bool | Callable[..., Any]] = (
        {"triton.cudagraphs": True} if device == "cuda" else {"compile_threads": 1}
    )
    return torch.compile(_step, fullgraph=True, options=options)


def _mark(reading: SpecReading, features: Int[Tensor, "B F"], step: FixedStep) -> None:
    """Say which sizes change: rows, columns in use, tokens; one graph is made for all."""
    from torch._dynamo import mark_dynamic

    for pair in reading.kv:
        mark_dynamic(pair, (1, 3))
    for table in (reading.mask, step.known, step.seen):
        mark_dynamic(table, (0, 1))
    for rows in (features, step.ages, *(() if step.depths is None else (step.depths,))):
        mark_dynamic(rows, 0)
