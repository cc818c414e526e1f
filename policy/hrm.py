"""The Hierarchical Reasoning Model (arXiv:2506.21734): a slow H level and a fast L level.

In a segment z_L <- L(z_L + z_H + x) runs `l_cycles` times before each of `h_cycles` calls of
z_H <- H(z_H + z_L). Segments follow each other with a detached carry and are each supervised.
One class serves the published model (no spec, no tree, bidirectional; see `policy.parity`) and
the program policy (causal, H reads the spec, L receives messages along the tree).

Shapes: B rows, S positions, N specs, T spec tokens, d width, M segments.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from policy.blocks import PLAIN, BlockShape, Level, SpecReading, Surroundings
from policy.cache import Recorder
from policy.config import HRMConfig
from policy.layers import Head, Linear, Masks, Rotary, Rotation, init_normal


class Carry(NamedTuple):
    """The states that pass from call to call and, detached, from segment to segment."""

    z_h: Float[Tensor, "B S d"]
    z_l: Float[Tensor, "B S d"]

    def detach(self) -> "Carry":
        """Cut the gradient between segments."""
        return Carry(self.z_h.detach(), self.z_l.detach())


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
        h_shape: BlockShape = PLAIN,
        l_shape: BlockShape = PLAIN,
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

    @property
    def levels(self) -> tuple[Level, ...]:
        """Both levels, or the one that is both."""
        return (self.H_level,) if self.config.share_levels else (self.H_level, self.L_level)

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
        kvs = (
            block.cross_attn.keys_values(states)
            for level in self.levels
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
