"""Blocks and levels: what the HRM's two levels and the spec's encoder are stacks of.

A block mixes positions in up to three ways at once, each a mixer between two products: one makes
what it asks of the block's input, the other brings what it gives back to the block's width. As all
mixers read one input and are summed, their products can be merged (`Block.merge`), for decoding.

Shapes: B rows, S positions, T spec tokens, d width, K heads of keys and values,
D features a head, E edges of the tree, r what mixers read, w what they write, I inputs, O outputs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from policy.config import HRMConfig
from policy.layers import (
    NO_MASKS,
    CrossAttention,
    Masks,
    Memory,
    Mixer,
    Rotation,
    SelfAttention,
    SwiGLU,
    TreeMessages,
    rms_norm,
)


class SpecReading(NamedTuple):
    """Keys and values of the spec, one row each.

    One for every cross-attending block, H's first; or, where the spec is a prefix of the actions,
    one for every call of a block in a whole run.
    """

    kv: tuple[Float[Tensor, "2 B K T D"], ...]
    mask: Bool[Tensor, "B T"]


@dataclass(frozen=True)
class Surroundings:
    """All that a block may look at besides its own input."""

    rotation: Rotation | None = None
    spec: SpecReading | None = None
    neighbours: Int[Tensor, "B S E"] | None = None
    memory: Memory | None = None
    masks: Masks = NO_MASKS
    prefix: Iterator[Tensor] | None = None
    """Keys and values of the positions before the row, in the order of the blocks' calls."""


@dataclass(frozen=True)
class BlockShape:
    """Which parts a block has."""

    causal: bool = False
    cross: bool = False
    message_width: int = 0


PLAIN = BlockShape()
"""Of a block that mixes by attention in both directions alone."""


class Block(nn.Module):
    """Mixing between positions (attention, spec, tree) followed by a SwiGLU, with RMS norms."""

    def __init__(self, config: HRMConfig, shape: BlockShape) -> None:
        super().__init__()
        width, step = config.width, config.round_inner_to
        inner = -(round(config.expansion * width * 2 / 3) // -step) * step
        self.self_attn = SelfAttention(width, config.heads, config.kv_heads, causal=shape.causal)
        self.mlp = SwiGLU(width, inner)
        self.cross_attn = (
            CrossAttention(width, config.heads, config.kv_heads) if shape.cross else None
        )
        self.messages = TreeMessages(width, shape.message_width) if shape.message_width else None
        self.merged: _Merged | None = None
        self.pre, self.eps = config.norm == "pre", config.norm_eps

    def merge(self, product: Callable[[Float[Tensor, "O I"]], nn.Module]) -> None:
        """Let two products, made by `product` of their weights, do the work of all the mixers'.

        These are dropped, with the names of their parameters: such a block can only be run.
        """
        self.merged = _Merged(self._mixers(), product)
        for mixer in self._mixers():
            dropped = mixer.i_proj, mixer.o_proj
            for name, part in list(mixer.named_children()):
                if part in dropped:
                    mixer.register_module(name, None)

    def _mixers(self) -> list[Mixer]:
        # Messages come last: nobody sends any to a spec that is a prefix.
        every: tuple[Mixer | None, ...] = (self.self_attn, self.cross_attn, self.messages)
        return [mixer for mixer in every if mixer is not None]

    def _mix(
        self, x: Float[Tensor, "B S d"], around: Surroundings, kv: Tensor | None
    ) -> Float[Tensor, "B S d"]:
        asked = self._asked(x)
        given = [
            self.self_attn(
                next(asked),
                around.rotation,
                masks=around.masks,
                memory=around.memory,
                prefix=None if around.prefix is None else next(around.prefix),
            )
        ]
        if self.cross_attn is not None:
            assert around.spec is not None, "a block that reads the spec is shown one"
            given.append(self.cross_attn(next(asked), kv, around.spec.mask))
        if self.messages is not None and around.neighbours is not None:
            given.append(self.messages(next(asked), around.neighbours, around.memory))
        return self._summed(given)

    def _asked(self, x: Float[Tensor, "B S d"]) -> Iterator[Tensor]:
        """Give what each mixer is called with."""
        if self.merged is not None:
            return iter(self.merged.asked(x))
        return (mixer.i_proj(x) for mixer in self._mixers())

    def _summed(self, given: list[Tensor]) -> Float[Tensor, "B S d"]:
        """Sum up what the mixers give; the last may be left out."""
        if self.merged is not None:
            return self.merged.summed(given)
        pairs = zip(self._mixers(), given, strict=False)
        summed: Tensor = reduce(torch.add, (mixer.o_proj(part) for mixer, part in pairs))
        return summed

    def forward(
        self, x: Float[Tensor, "B S d"], around: Surroundings, kv: Tensor | None = None
    ) -> Float[Tensor, "B S d"]:
        """Apply the block; `kv` are the spec's keys and values for its cross-attention."""
        if self.pre:
            x = x + self._mix(rms_norm(x, self.eps), around, kv)
            out: Tensor = x + self.mlp(rms_norm(x, self.eps))
            return out
        x = rms_norm(x + self._mix(x, around, kv), self.eps)
        return rms_norm(x + self.mlp(x), self.eps)


class _Merged(nn.Module):
    """The products around a block's mixers, as two."""

    def __init__(
        self, mixers: Sequence[Mixer], product: Callable[[Float[Tensor, "O I"]], nn.Module]
    ) -> None:
        super().__init__()
        into = [mixer.i_proj.weight for mixer in mixers]
        out_of = [mixer.o_proj.weight for mixer in mixers]
        self.widths = [len(weight) for weight in into]
        self.given = sum(weight.shape[1] for weight in out_of)
        self.i_proj, self.o_proj = product(torch.cat(into)), product(torch.cat(out_of, dim=1))

    def asked(self, x: Float[Tensor, "B S d"]) -> Sequence[Tensor]:
        """Give what each mixer is called with."""
        asked: Tensor = self.i_proj(x)
        return asked.split_with_sizes(self.widths, dim=-1)

    def summed(self, given: list[Tensor]) -> Float[Tensor, "B S d"]:
        """Map and sum up what the mixers give; the last may be left out."""
        joined = torch.cat(given, dim=-1)
        missing = self.given - joined.shape[-1]
        out: Tensor = self.o_proj(functional.pad(joined, (0, missing)) if missing else joined)
        return out


class Level(nn.Module):
    """A stack of blocks over state plus injected input."""

    def __init__(self, config: HRMConfig, layers: int, shape: BlockShape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Block(config, shape) for _ in range(layers))
        self.first_kv = 0
        self.final_norm_eps = config.norm_eps if config.norm == "pre" and layers else None

    def blocks(self) -> Iterator[Block]:
        """Iterate the blocks with their type."""
        for layer in self.layers:
            assert isinstance(layer, Block)
            yield layer

    def forward(
        self,
        state: Float[Tensor, "B S d"],
        injection: Float[Tensor, "B S d"],
        around: Surroundings,
    ) -> Float[Tensor, "B S d"]:
        """Run the stack once."""
        x = state + injection
        spec = () if around.spec is None else around.spec.kv[self.first_kv :]
        kvs: Iterator[Tensor] = iter(spec)
        for block in self.blocks():
            x = block(x, around, next(kvs) if block.cross_attn is not None else None)
        return x if self.final_norm_eps is None else rms_norm(x, self.final_norm_eps)
