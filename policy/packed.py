"""Wide matrices in the order in which a CPU's product reads them, while a batch is decoded.

    with packed.weights():      # each is packed when it is first wanted: weights must not change
        ...

oneDNN's product of such a matrix waits less for memory than that of `torch.nn.functional.linear`
(MKL's, on x86), whose time is so many times as long for the matrices of `base_27m` (AVX2, one
thread of a busy machine, CPU time):

    rows                 1     2     4     8    16    32    64   128
    512 by 1,536       1.0   1.7   1.5   1.5   1.3   1.3   1.1   1.1
    512 by 3,072       1.1   1.9   1.6   1.6   1.5   1.5   1.3   1.2

Packing takes as long as a dozen products of few rows. Narrower matrices gain nothing, and neither
do these by being transposed, by products of some rows or outputs at a time, or by numpy's OpenBLAS.

Shapes: R rows, K inputs, N outputs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

_FEWEST_INPUTS, _FEWEST_OUTPUTS = 256, 1024
_FEWEST_ROWS, _MOST_ROWS = 2, 512

_matrices: ContextVar[dict[int, Tensor] | None] = ContextVar("_matrices", default=None)


@contextmanager
def weights() -> Iterator[None]:
    """Keep packed weights until the end. A change of them in between would not be seen."""
    token = _matrices.set({})
    try:
        yield
    finally:
        _matrices.reset(token)


def is_wide(inputs: int, outputs: int) -> bool:
    """Whether a matrix is worth packing."""
    return inputs >= _FEWEST_INPUTS and outputs >= _FEWEST_OUTPUTS


def product(x: Float[Tensor, "*R K"], weight: Float[Tensor, "N K"]) -> Float[Tensor, "*R N"] | None:
    """Multiply by a packed weight; None where the usual product is to do it."""
    matrices = None if torch.compiler.is_compiling() else _matrices.get()
    if matrices is None or torch.is_grad_enabled() or not _fits(x, weight):
        return None
    kernels = _kernels()
    if kernels is None:
        return None
    pack, multiply = kernels
    if id(weight) not in matrices:
        matrices[id(weight)] = pack(weight.detach(), _MOST_ROWS)
    return multiply(x, matrices[id(weight)], None, "none", [], "")


def _fits(x: Tensor, weight: Tensor) -> bool:
    rows = x.numel() // x.shape[-1]
    plain = x.dtype == weight.dtype == torch.float32 and weight.device.type == "cpu"
    return plain and _FEWEST_ROWS <= rows <= _MOST_ROWS


@cache
def _kernels() -> tuple[Callable[..., Tensor], Callable[..., Tensor]] | None:
    """Give what packs and what multiplies; None where they can't run here."""
    try:
        pack = torch.ops.mkldnn._reorder_linear_weight
        multiply = torch.ops.mkldnn._linear_pointwise
        multiply(torch.zeros(2, 16), pack(torch.ones(16, 16), 2), None, "none", [], "")
    except (AttributeError, RuntimeError):
        return None
    return pack, multiply
