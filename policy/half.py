"""Products with weights of 16 bits, for sampling on CPUs.

    use_float16(policy)      # the matrices of both levels, from now on

Matrices that read one input or are summed are merged into one (`policy.blocks`).
Few rows at a time are decoded, so a product waits for its weights: half the bytes, packed once in
the order of their reading, take half the time or less. Inputs, sums and results stay float32, and
a weight moves by a 2,048th at most. The kernel is fbgemm's (x86 with AVX2). All matrices of a
base_27m, AVX2, one thread of a busy machine, CPU time beside float32's:

    rows                              1     2     4     8    16
    float16                        0.58  0.35  0.30  0.44  0.49
    int8, a scale for each input   0.50  0.29  0.28  0.36  0.44

The second quantises inputs as well (7 bits, which AVX2 adds without overflow) by operators that
torch 2.13 warns to remove: not worth what it loses. `torch._weight_int8pack_mm` and
`torch._int_mm` took 3 to 20 times float32's, and torch's 4-bit kernels need AVX-512. torchao 0.18
has no kernels of few bits for AVX2 either: for a matrix of 512 by 1,536 and 1, 8 and 64 rows its
weight-only int8 took 5.1, 1.7 and 1.1 times float32's, and its 4 bits (IntxWeightOnlyConfig) 23,
3.5 and 1.7 times; Int4WeightOnlyConfig asks for a package of GPU kernels.

Nothing here has a gradient.

Shapes: R rows, K inputs, N outputs.
"""

from collections.abc import Callable
from functools import cache, partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from policy.layers import Linear
from policy.model import Policy


@cache
def kernel() -> Callable[..., Tensor] | None:
    """Give the product of float32 rows and a packed matrix; None where it can't run here."""
    try:
        multiply: Callable[..., Tensor] = torch.ops.quantized.linear_dynamic_fp16
        multiply(torch.zeros(1, 8), torch.ops.quantized.linear_prepack_fp16(torch.ones(8, 8), None))
    except (AttributeError, RuntimeError):
        return None
    return multiply


class HalfLinear(nn.Module):
    """A linear map without bias whose weights are packed in float16."""

    def __init__(self, weight: Float[Tensor, "N K"], multiply: Callable[..., Tensor]) -> None:
        super().__init__()
        self._multiply = multiply
        self._matrix = torch.ops.quantized.linear_prepack_fp16(weight.detach().float(), None)

    def forward(self, x: Float[Tensor, "*R K"]) -> Float[Tensor, "*R N"]:
        """Multiply."""
        return self._multiply(x, self._matrix)


def use_float16(policy: Policy) -> bool:
    """Let a policy on the CPU decode with matrices of float16; it can't be trained any more.

    Those are the matrices of both levels, merged where blocks can (`policy.blocks`), but the spec's
    keys and values, computed once a task. Returns False, and changes nothing, where there is no
    kernel.
    """
    multiply = kernel()
    if multiply is None:
        return False
    for level in policy.hrm.levels:
        for block in level.blocks():
            block.merge(partial(HalfLinear, multiply=multiply))
            for name, child in list(block.mlp.named_children()):
                assert isinstance(child, Linear)
                block.mlp.register_module(name, HalfLinear(child.weight, multiply))
    return True


def uses_float16(policy: Policy) -> bool:
    """Whether the policy does."""
    return any(isinstance(module, HalfLinear) for module in policy.modules())
