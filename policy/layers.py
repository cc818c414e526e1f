"""Layers of the network: norm, feed-forward, positions, attention and tree messages.

Parameter names of attention and feed-forward are those of the published HRM.

Shapes: B rows, S positions, T spec tokens, d width, H heads, K of keys and values, D = d / H,
E edges of the tree.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from policy import packed
from policy.attention import attend

# Cosines and sines, alike for all heads: of S positions, or of each row's own.
Rotation = tuple[Float[Tensor, "*B S 1 D"], Float[Tensor, "*B S 1 half"]]
# A standard normal cut at +-2 has this standard deviation; dividing by it restores the asked one.
_CUT_STD = 0.8796256610342398
EDGES = 3


class Memory(Protocol):
    """What a cache of earlier positions offers to a layer; calls come in a fixed order."""

    def extend_attention(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append [B, K, 1, D] keys and values; return those of every position so far."""

    def pass_messages(self, values: Tensor, neighbours: Tensor) -> Tensor:
        """Append [B, 1, m] message values; return those that come from [B, 1, E] neighbours."""


class Masks(NamedTuple):
    """Which keys may be read, where that is not all of them or, in a causal layer, the earlier."""

    keys: Bool[Tensor, "B T"] | None = None
    """By every query alike."""
    pairs: Bool[Tensor, "B S T"] | None = None
    """By each query."""


NO_MASKS = Masks()


_drawing: ContextVar[bool] = ContextVar("_drawing", default=True)


@contextmanager
def undrawn() -> Iterator[None]:
    """Leave out drawing the weights of what is built, because others are loaded at once."""
    before = _drawing.set(False)
    try:
        yield
    finally:
        _drawing.reset(before)


def init_normal(weight: Tensor, std: float) -> Tensor:
    """Fill in place from a normal cut at two standard deviations that keeps the deviation."""
    if not _drawing.get():
        return weight
    std = std / _CUT_STD
    return nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


class Linear(nn.Linear):
    """A linear map whose weights start from a cut LeCun normal and whose bias starts at 0."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__(inputs, outputs, bias=bias)
        self.wide = packed.is_wide(inputs, outputs) and not bias

    def reset_parameters(self) -> None:
        """Initialise; called by nn.Linear's constructor."""
        init_normal(self.weight, self.in_features**-0.5)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Float[Tensor, "*shape i"]) -> Float[Tensor, "*shape o"]:
        """Map; to weights of bfloat16 an input is rounded, as torch's autocast does it."""
        weight = self.weight
        if weight.dtype == torch.bfloat16:
            x = x.bfloat16()
        if self.wide and (made := packed.product(x, weight)) is not None:
            return made
        return functional.linear(x, weight, self.bias)


class Head(Linear):
    """A linear map to logits: float32 in any autocast, and whatever the other weights are."""

    def forward(self, x: Float[Tensor, "*shape i"]) -> Float[Tensor, "*shape o"]:
        """Map."""
        return wide_linear(x, self.weight, self.bias)


def wide_linear(
    x: Float[Tensor, "*shape i"], weight: Float[Tensor, "o i"], bias: Float[Tensor, " o"] | None
) -> Float[Tensor, "*shape o"]:
    """Map in float32, or in float64 where that is what the weights are."""
    # A model's size is found on the meta device, for which torch has no autocast.
    if x.is_meta or not torch.is_autocast_enabled(x.device.type):
        return functional.linear(widened(x), weight, bias)
    with torch.autocast(x.device.type, enabled=False):
        return functional.linear(widened(x), weight, bias)


def widened(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Give float32, or float64 where that is what it is."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def rms_norm(x: Float[Tensor, "*shape d"], eps: float) -> Float[Tensor, "*shape d"]:
    """Divide by the root mean square over the last dimension (arXiv:1910.07467), without a gain."""
    return torch.rms_norm(widened(x), x.shape[-1:], None, eps).to(x.dtype)


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x)) (arXiv:2002.05202)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.gate_up_proj = Linear(width, 2 * inner, bias=False)
        self.down_proj = Linear(inner, width, bias=False)

    def forward(self, x: Float[Tensor, "*shape d"]) -> Float[Tensor, "*shape d"]:
        """Map each position by itself."""
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        out: Tensor = self.down_proj(functional.silu(gate) * up)
        return out


class Rotary(nn.Module):
    """Cosines and sines of rotary positions (arXiv:2104.09864), halves rotated, not pairs."""

    cos: Tensor
    sin: Tensor

    def __init__(self, head_width: int, positions: int, theta: float) -> None:
        super().__init__()
        rates = theta ** -(torch.arange(0, head_width, 2, dtype=torch.float32) / head_width)
        angles = torch.outer(torch.arange(positions, dtype=torch.float32), rates)[:, None]
        self.register_buffer("cos", angles.cos().repeat(1, 1, 2), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, start: int, stop: int) -> Rotation:
        """Give the rotation of positions start..stop-1."""
        return self.cos[start:stop], self.sin[start:stop]

    def at(self, positions: Int[Tensor, " B"]) -> Rotation:
        """Give the rotation of one position a row."""
        return self.cos[positions, None], self.sin[positions, None]


def rotate(x: Float[Tensor, "B S heads D"], rotation: Rotation) -> Float[Tensor, "B S heads D"]:
    """Turn queries and keys by their positions."""
    cos, sin = rotation
    half = sin.shape[-1]
    first, second = x.chunk(2, dim=-1)
    # Writing into the halves is twice as fast on a CPU as joining two rotated ones.
    # Halves are turned in the tables' float32 and rounded once, at the end.
    turned = x * cos
    turned[..., :half].addcmul_(second, sin, value=-1)
    turned[..., half:].addcmul_(first, sin)
    return turned.to(x.dtype)


class Mixer(nn.Module):
    """A way for positions to read others, or the spec: a part of a block (`policy.blocks`).

    The block maps its input by `i_proj`, calls the mixer, and maps what it returns by `o_proj`.
    """

    o_proj: Linear

    @property
    def i_proj(self) -> Linear:
        """The map of the block's input to what the mixer is called with."""
        raise NotImplementedError


class SelfAttention(Mixer):
    """Multi-head attention among the positions of a row; K heads of keys and values."""

    def __init__(self, width: int, heads: int, kv_heads: int, *, causal: bool) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.causal = heads, kv_heads, causal
        self.head_width = width // heads
        self.qkv_proj = Linear(width, (heads + 2 * kv_heads) * self.head_width, bias=False)
        self.o_proj = Linear(width, width, bias=False)

    @property
    def i_proj(self) -> Linear:
        """To queries, keys and values."""
        return self.qkv_proj

    def forward(
        self,
        qkv: Float[Tensor, "B S HKKD"],
        rotation: Rotation | None,
        *,
        masks: Masks,
        memory: Memory | None = None,
        prefix: Float[Tensor, "2 B K P D"] | None = None,
    ) -> Float[Tensor, "B S d"]:
        """Attend; a decoder's `memory` holds the earlier keys, `prefix` those before the row."""
        heads = qkv.view(*qkv.shape[:2], -1, self.head_width)
        turning, v = heads.split_with_sizes((self.heads + self.kv_heads, self.kv_heads), dim=2)
        if rotation is not None:
            turning = rotate(turning, rotation)
        q, k = turning.split_with_sizes((self.heads, self.kv_heads), dim=2)
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        if memory is not None:
            k, v = memory.extend_attention(k, v)
        if prefix is not None:
            k, v = (torch.cat(pair, dim=2) for pair in zip(prefix, (k, v), strict=True))
        causal = self.causal and masks.keys is None and masks.pairs is None
        out = attend(q, k, v, causal=causal, key_mask=masks.keys, pair_mask=masks.pairs)
        return out.transpose(1, 2).flatten(2)


class CrossAttention(Mixer):
    """Multi-head attention from the positions of a row to the tokens of its task's spec."""

    def __init__(self, width: int, heads: int, kv_heads: int) -> None:
        super().__init__()
        self.head_width = width // heads
        self.q_proj = Linear(width, width, bias=False)
        self.kv_proj = Linear(width, 2 * kv_heads * self.head_width, bias=False)
        self.o_proj = Linear(width, width, bias=False)

    @property
    def i_proj(self) -> Linear:
        """To queries."""
        return self.q_proj

    def keys_values(self, states: Float[Tensor, "B T d"]) -> Float[Tensor, "2 B K T D"]:
        """Project spec states once, for all samples and calls that read them."""
        kv: Tensor = self.kv_proj(states).view(*states.shape[:2], 2, -1, self.head_width)
        return kv.permute(2, 0, 3, 1, 4)

    def forward(
        self,
        queries: Float[Tensor, "B S d"],
        kv: Float[Tensor, "2 B K T D"],
        key_mask: Bool[Tensor, "B T"],
    ) -> Float[Tensor, "B S d"]:
        """Read the spec."""
        q = queries.view(*queries.shape[:2], -1, self.head_width).transpose(1, 2)
        return attend(q, kv[0], kv[1], key_mask=key_mask).transpose(1, 2).flatten(2)


class TreeMessages(Mixer):
    """Messages along the edges of the tree: from parent, previous sibling and previous use.

    An edge is a head of attention whose pattern is given instead of learned. Plain gathers:
    PyTorch Geometric 2.8 took 1.14 times as long for the same (64 rows of 48 positions, forward
    and backward, one CPU).
    """

    def __init__(self, width: int, message_width: int) -> None:
        super().__init__()
        self.v_proj = Linear(width, EDGES * message_width, bias=False)
        self.o_proj = Linear(EDGES * message_width, width, bias=False)

    @property
    def i_proj(self) -> Linear:
        """To a message for each edge."""
        return self.v_proj

    def forward(
        self,
        values: Float[Tensor, "B S m"],
        neighbours: Int[Tensor, "B S E"],
        memory: Memory | None = None,
    ) -> Float[Tensor, "B S m"]:
        """Gather from `neighbours`, positions in the row not after the receiving one."""
        if memory is None:
            return gather_messages(values, neighbours)
        return memory.pass_messages(values, neighbours)


def gather_messages(
    values: Float[Tensor, "B S m"], neighbours: Int[Tensor, "B S E"]
) -> Float[Tensor, "B S m"]:
    """Read each edge's part of the message values where the edge comes from."""
    batch, length = neighbours.shape[:2]
    sources = values.view(batch, length, EDGES, -1)
    index = neighbours[..., None].expand(-1, -1, -1, sources.shape[-1])
    return sources.gather(1, index).reshape(batch, length, -1)
