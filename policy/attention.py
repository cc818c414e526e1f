"""The one attention function: flash-attn on a GPU where it is installed, else torch's SDPA.

Shapes: B rows, S queries, T keys, H heads, D features a head.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional


@cache
def _flash() -> Callable[..., Tensor | tuple[Tensor, ...]] | None:
    """flash-attn's dense function: the Hopper build's, else version 2's, else none."""
    for module in ("flash_attn_interface", "flash_attn"):
        try:
            function: Callable[..., Tensor | tuple[Tensor, ...]]
            function = import_module(module).flash_attn_func
        except ImportError:
            continue
        return function
    return None


def attend(
    q: Float[Tensor, "B H S D"],
    k: Float[Tensor, "B H T D"],
    v: Float[Tensor, "B H T D"],
    *,
    causal: bool = False,
    key_mask: Bool[Tensor, "B T"] | None = None,
) -> Float[Tensor, "B H S D"]:
    """Softmax attention, scaled by 1 / sqrt(D).

    `causal` wants either S == T or S == 1: a single query is the newest position of a cached
    sequence and sees every key. `key_mask` is True where a key may be read (padded specs); a row
    needs one such key. flash-attn takes no mask and no float32, so those go to SDPA.
    """
    queries, keys = q.shape[2], k.shape[2]
    if causal and queries not in (1, keys):
        raise ValueError(f"causal attention of {queries} queries to {keys} keys is not defined")
    causal = causal and queries > 1
    flash = _flash() if key_mask is None and q.is_cuda and q.dtype != torch.float32 else None
    if flash is not None:
        out = flash(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), causal=causal)
        return (out[0] if isinstance(out, tuple) else out).transpose(1, 2)
    mask = None if key_mask is None else key_mask[:, None, None, :]
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
