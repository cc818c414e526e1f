"""The one attention function: flash-attn on a GPU where it is installed, else torch's SDPA.

Shapes: B rows, S queries, T keys, H query heads, K key heads, D features a head.
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
    k: Float[Tensor, "B K T D"],
    v: Float[Tensor, "B K T D"],
    *,
    causal: bool = False,
    key_mask: Bool[Tensor, "B T"] | None = None,
    pair_mask: Bool[Tensor, "B S T"] | None = None,
) -> Float[Tensor, "B H S D"]:
    """Softmax attention, scaled by 1 / sqrt(D); every H / K query heads read one key head.

    `causal` wants either S == T or S == 1: a single query is the newest position of a cached
    sequence and sees every key. `key_mask` is True where a key may be read (padded specs); a row
    needs one such key. `pair_mask` says the same of every query and stands in for both.
    flash-attn takes no mask and no float32, so those go to SDPA.
    """
    queries, keys = q.shape[2], k.shape[2]
    if pair_mask is not None:
        k, v = (_repeated(part, q.shape[1] // k.shape[1]) for part in (k, v))
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=pair_mask[:, None])
    if causal and queries not in (1, keys):
        raise ValueError(f"causal attention of {queries} queries to {keys} keys is not defined")
    causal = causal and queries > 1
    flash = _flash() if key_mask is None and q.is_cuda and q.dtype != torch.float32 else None
    if flash is not None:
        out = flash(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), causal=causal)
        return (out[0] if isinstance(out, tuple) else out).transpose(1, 2)
    mask = None if key_mask is None else key_mask[:, None, None, :]
    if causal:
        k, v = (_repeated(part, q.shape[1] // k.shape[1]) for part in (k, v))
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    # Without an order among queries, the heads of a group are more queries to the same keys.
    grouped = q.reshape(q.shape[0], k.shape[1], -1, q.shape[-1])
    if queries == 1 and not q.is_cuda and not torch.is_grad_enabled():
        out = _attend_once(grouped, k, v, mask)
    else:
        out = functional.scaled_dot_product_attention(grouped, k, v, attn_mask=mask)
    return out.reshape(q.shape)


def _repeated(x: Float[Tensor, "B K T D"], times: int) -> Float[Tensor, "B H T D"]:
    return x if times == 1 else x.repeat_interleave(times, dim=1)


def _attend_once(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Decode on a CPU, where two products take half the time of SDPA's kernel for one query."""
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    out: Tensor = scores.softmax(-1) @ v
    return out
