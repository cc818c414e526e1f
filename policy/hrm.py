"""The Hierarchical Reasoning Model (arXiv:2506.21734): a slow H level and a fast L level.

In a segment z_L <- L(z_L + z_H + x) runs `l_cycles` times before each of `h_cycles` calls of
z_H <- H(z_H + z_L). Segments follow each other with a detached carry and are each supervised.
One class serves the published model (no spec, no tree, bidirectional; see `policy.parity`) and
the program policy (causal, H reads the spec, L receives messages along the tree).

Shapes: B rows, S positions, T spec tokens, d width, K heads of keys and values,
D features a head, E edges of the tree, M segments.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from policy.cache import Recorder
from policy.config import HRMConfig
from policy.layers import (
    NO_MASKS,
    CrossAttention,
    Head,
    Linear,
    Masks,
    Memory,
    Rotary,
    Rotation,
    SelfAttention,
    SwiGLU,
    TreeMessages,
    init_normal,
    rms_norm,
)


class Carry(NamedTuple):
    """The states that pass from call to call and, detached, from segment to segment."""

    z_h: Float[Tensor, "B S d"]
    z_l: Float[Tensor, "B S d"]

    def detach(self) -> "Carry":
        """Cut the gradient between segments."""
        return Carry(self.z_h.detach(), self.z_l.detach())


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
        self.pre, self.eps = config.norm == "pre", config.norm_eps

    def _mix(
        self, x: Float[Tensor, "B S d"], around: Surroundings, kv: Tensor | None
    ) -> Float[Tensor, "B S d"]:
        mixed = self.self_attn(
            x,
            around.rotation,
            masks=around.masks,
            memory=around.memory,
            prefix=None if around.prefix is None else next(around.prefix),
        )
        if self.cross_attn is not None and around.spec is not None and kv is not None:
            mixed = mixed + self.cross_attn(x, kv, around.spec.mask)
        if self.messages is not None and around.neighbours is not None:
            mixed = mixed + self.messages(x, around.neighbours, around.memory)
        out: Tensor = mixed
        return out

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


class HRM(nn.Module):
    """Both levels, their initial states, positions and Q-heads.

    `h_shape` and `l_shape` say what each level may look at; shared levels have the parts of both.
    `train_steps` is set by whoever trains: the horizon's warm-up reads it.
    """

    H_init: Tensor
    L_init: Tensor

    def __init__(
        self,
        config: HRMConfig,
        positions: int,
        *,
        h_shape: BlockShape = BlockShape(),
        l_shape: BlockShape = BlockShape(),
    ) -> None:
        super().__init__()
        self.config = config
        self.train_steps = config.horizon_warmup_steps
        if config.share_levels:
            h_shape = l_shape = BlockShape(
                h_shape.causal, h_shape.cross or l_shape.cross, l_shape.message_width
            )
        self.H_level = Level(config, config.h_layers, h_shape)
        self.L_level = (
            self.H_level if config.share_levels else Level(config, config.l_layers, l_shape)
        )
        if not config.share_levels and h_shape.cross:
            self.L_level.first_kv = config.h_layers
        self.register_buffer("H_init", init_normal(torch.empty(config.width), 1.0))
        self.register_buffer("L_init", init_normal(torch.empty(config.width), 1.0))
        self.rotary = (
            Rotary(config.width // config.heads, positions, config.rope_theta)
            if config.positions == "rope"
            else None
        )
        self.feedback = Linear(config.width, 2 * config.width) if config.feedback else None
        # Q starts close to "never halt", which bootstraps faster (the published choice).
        self.q_head = Head(config.width, 2)
        nn.init.zeros_(self.q_head.weight)
        nn.init.constant_(self.q_head.bias, -5.0)

    def initial(self, batch: int, length: int) -> Carry:
        """Give the carry of a fresh run."""
        shape = (batch, length, self.config.width)
        return Carry(self.H_init.expand(shape), self.L_init.expand(shape))

    def reset(self, carry: Carry, rows: Bool[Tensor, " B"]) -> Carry:
        """Start the marked rows afresh."""
        fresh = rows[:, None, None]
        return Carry(
            torch.where(fresh, self.H_init, carry.z_h), torch.where(fresh, self.L_init, carry.z_l)
        )

    def rotation(self, start: int, stop: int) -> Rotation | None:
        """Give the rotary positions start..stop-1, or None where positions are learned."""
        return None if self.rotary is None else self.rotary(start, stop)

    def read_spec(self, states: Float[Tensor, "N T d"], mask: Bool[Tensor, "N T"]) -> SpecReading:
        """Project spec states for every cross-attending block, once per spec."""
        levels = (self.H_level,) if self.config.share_levels else (self.H_level, self.L_level)
        kvs = (
            block.cross_attn.keys_values(states)
            for level in levels
            for block in level.blocks()
            if block.cross_attn is not None
        )
        return SpecReading(tuple(kvs), mask)

    def read_prefix(self, states: Float[Tensor, "N T d"], mask: Bool[Tensor, "N T"]) -> SpecReading:
        """Run the spec's tokens by themselves and keep what each call of a block says of them.

        They see each other and never an action, so a run of actions that reads these keys and
        values is the run of the whole sequence, at the cost of one spec for all its programs.
        """
        # Nobody sends messages to a spec: the recorder gets keys and values alone.
        recorder = Recorder()
        rotation = self.rotation(0, states.shape[1])
        around = Surroundings(rotation=rotation, masks=Masks(keys=mask), memory=recorder)
        list(self.segments(states, around, beyond=self.beyond))
        return SpecReading(tuple(recorder.kv), mask)

    @property
    def horizon(self) -> int:
        """L calls of a segment that gradients run through at this train step."""
        config = self.config
        calls = config.h_cycles * config.l_cycles
        full = min(config.gradient_horizon or calls, calls)
        if self.train_steps >= config.horizon_warmup_steps:
            return full
        return 1 + (full - 1) * self.train_steps // config.horizon_warmup_steps

    def segment(self, carry: Carry, x: Float[Tensor, "B S d"], around: Surroundings) -> Carry:
        """Run one segment; gradients reach as far back as `horizon` says."""
        config = self.config
        z_h, z_l = carry
        first = config.h_cycles * config.l_cycles - self.horizon
        enabled = torch.is_grad_enabled()
        for h_cycle in range(config.h_cycles):
            for call in range(h_cycle * config.l_cycles, (h_cycle + 1) * config.l_cycles):
                with torch.set_grad_enabled(enabled and call >= first):
                    z_l = self.L_level(z_l, z_h + x, around)
            last = (h_cycle + 1) * config.l_cycles - 1
            with torch.set_grad_enabled(enabled and last >= first):
                z_h = self.H_level(z_h, self._insight(z_l), around)
        return Carry(z_h, z_l)

    def segments(
        self, x: Float[Tensor, "B S d"], around: Surroundings, *, beyond: int = 0
    ) -> Iterator[Float[Tensor, "B S d"]]:
        """Yield z_H after each segment of a run, then after `beyond` more without gradient."""
        config = self.config
        carry = fresh = self.initial(x.shape[0], x.shape[1])
        enabled = torch.is_grad_enabled()
        for number in range(config.segments + beyond):
            with torch.set_grad_enabled(enabled and number < config.segments):
                carry = self.segment(carry, x, around)
            yield carry.z_h
            carry = carry.detach() if config.carry == "keep" else fresh

    @property
    def beyond(self) -> int:
        """Segments after the last that training asks for: see `q_target`."""
        config = self.config
        wanted = config.act == "halt_continue" and config.q_target == "second_forward"
        return int(wanted and torch.is_grad_enabled())

    def settle(
        self,
        x: Float[Tensor, "B 1 d"],
        around: Surroundings,
        depths: Int[Tensor, " B"] | None = None,
        deepest: int | None = None,
    ) -> Float[Tensor, "B d"]:
        """Decode one position: z_H after as many segments as a row takes, by default all.

        `deepest` is the largest of `depths`.
        """
        if depths is None or deepest is None:
            *_, z_h = self.segments(x, around)
            return z_h[:, 0]
        states = [z_h[:, 0] for z_h in islice(self.segments(x, around), deepest + 1)]
        return torch.stack(states)[depths, torch.arange(len(depths), device=x.device)]

    @property
    def stops_early(self) -> bool:
        """Whether rows may take fewer segments: the Q-heads judge the task before its programs."""
        return self.config.act != "off" and self.config.q_position == "first"

    def depths(self, states: Float[Tensor, "M B d"]) -> Int[Tensor, " B"]:
        """Give each row's last segment, by its states at position 0.

        It holds for all of the row's positions, so that no later one misses a key or a value.
        """
        stops = torch.stack([self.wants_to_halt(*self.q_values(z_h)) for z_h in states])
        stops[-1] = True
        return stops.int().argmax(0)

    def q_values(
        self, state: Float[Tensor, "B d"]
    ) -> tuple[Float[Tensor, " B"], Float[Tensor, " B"]]:
        """Give (halt, continue) logits in float32 or wider."""
        halt, go_on = self.q_head(state).unbind(-1)
        return halt, go_on

    def wants_to_halt(
        self, halt: Float[Tensor, " B"], go_on: Float[Tensor, " B"]
    ) -> Bool[Tensor, " B"]:
        """Say which rows stop, by their Q-values after a segment."""
        match self.config.act:
            case "off":
                return torch.zeros_like(halt, dtype=torch.bool)
            case "halt":
                return halt > 0
            case "halt_continue":
                return halt > go_on

    def _insight(self, z_l: Float[Tensor, "B S d"]) -> Float[Tensor, "B S d"]:
        if self.feedback is None:
            return z_l
        gate, value = self.feedback(z_l).chunk(2, dim=-1)
        insight: Tensor = z_l + torch.sigmoid(gate) * value
        return insight
