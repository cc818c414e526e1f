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

# The dense function has one name, and one meaning of `causal`, in versions 4, 3 and 2.
_FLASH = ("flash_attn.cute", "flash_attn_interface", "flash_attn")

_HALVES = (torch.float16, torch.bfloat16)


@cache
def flash() -> Callable[..., Tensor | tuple[Tensor, ...]] | None:
    """Give flash-attn's dense function, of the newest version that can be imported, if one can."""
    for module in _FLASH:
        try:
            function: Callable[..., Tensor | tuple[Tensor, ...]]
            function = import_module(module).flash_attn_func
        except (ImportError, AttributeError):
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

    `causal` takes the queries for the last S of the T positions. `key_mask` is True where a key may
    be read (padded specs); a row needs one such key. `pair_mask` says the same of every query and
    stands in for both.

    Raises ValueError where causal queries are more than the keys.
    """
    queries, keys = q.shape[2], k.shape[2]
    if causal and queries > keys:
        raise ValueError(f"causal attention of {queries} queries to {keys} keys is not defined")
    masked = key_mask is not None or pair_mask is not None
    causal = causal and queries > 1
    kernel = flash() if takes_flash(q.device.type, q.dtype, masked=masked) else None
    if kernel is not None:
        out = kernel(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), causal=causal)
        return (out[0] if isinstance(out, tuple) else out).transpose(1, 2)
    ordered = causal or pair_mask is not None
    # Without an order among queries, the heads of a group are more queries to the same keys.
    grouped = q if ordered else q.reshape(q.shape[0], k.shape[1], -1, q.shape[-1])
    wide = q.dtype not in _HALVES
    if queries == 1 and not ordered and wide and not q.is_cuda and not torch.is_grad_enabled():
        return _attend_once(grouped, k, v, key_mask).view(q.shape)
    mask = _mask(q, k, causal=causal, key_mask=key_mask, pair_mask=pair_mask)
    if ordered:
        k, v = (_repeated(part, q.shape[1] // k.shape[1]) for part in (k, v))
    alone = ordered and mask is None
    out = functional.scaled_dot_product_attention(grouped, k, v, attn_mask=mask, is_causal=alone)
    return out.reshape(q.shape)


def takes_flash(device: str, dtype: torch.dtype, *, masked: bool) -> bool:
    """Whether a kind of tensor is flash-attn's: on a GPU, of 16 bits, and under no mask.

    All others are SDPA's: a learner or a sampler in float32 never runs flash-attn.
    """
    return device == "cuda" and dtype in _HALVES and not masked


def _mask(
    q: Tensor, k: Tensor, *, causal: bool, key_mask: Tensor | None, pair_mask: Tensor | None
) -> Bool[Tensor, "#B 1 #S T"] | None:
    """Join the masks; None where there is none, or only SDPA's own causal one."""
    if pair_mask is not None:
        return pair_mask[:, None]
    mask = None if key_mask is None else key_mask[:, None, None, :]
    queries, keys = q.shape[2], k.shape[2]
    if not causal or (mask is None and queries == keys):
        return mask
    # SDPA's own would take the queries for the first positions.
    earlier = torch.ones(1, 1, queries, keys, dtype=torch.bool, device=q.device)
    earlier = earlier.tril(keys - queries)
    return earlier if mask is None else mask & earlier


def _repeated(x: Float[Tensor, "B K T D"], times: int) -> Float[Tensor, "B H T D"]:
    return x if times == 1 else x.repeat_interleave(times, dim=1)


def _attend_once(
    q: Float[Tensor, "B K G D"],
    k: Float[Tensor, "B K T D"],
    v: Float[Tensor, "B K T D"],
    key_mask: Bool[Tensor, "B T"] | None,
) -> Float[Tensor, "BK G D"]:
    """Decode on a CPU, where two products take half the time of SDPA's kernel for one query.

    Not for halves: their scores would be rounded before the softmax.
    """
    q_, k_, v_ = (part.flatten(0, 1) for part in (q, k, v))
    if key_mask is None:
        hidden, beta = q.new_empty(1), 0
    else:
        # A sum in the product costs a third of filling the scores in; it is log(1) or log(0).
        added = key_mask.to(q.dtype).log_()[:, None, None]
        hidden, beta = added.expand(-1, k.shape[1], -1, -1).flatten(0, 1), 1
    scores = torch.baddbmm(hidden, q_, k_.mT, beta=beta, alpha=q.shape[-1] ** -0.5)
    return torch.bmm(scores.softmax(-1), v_)
