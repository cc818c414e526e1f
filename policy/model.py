"""The policy network: a spec encoder and an HRM over the actions of a program.

Position t of the HRM sees the spec and actions < t and gives the logits of action t; one position
more, after the last action, gives the Q-values. So the network is causal and can decode with an
exact cache.

Shapes: N tasks, T spec tokens, B programs, L actions, S positions, V actions in the vocabulary,
M segments, d width, E edges of the tree, F features of a hole (see `policy.grammar`).
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from policy.config import ModelConfig
from policy.encoder import SpecEncoder
from policy.grammar import GRAMMAR
from policy.hrm import HRM, BlockShape, SpecReading, Surroundings
from policy.layers import NO_MASKS, Linear, Masks, Memory, init_normal
from policy.spec import SpecBatch
from policy.strategy import SIZES

_DEPTHS = 32
_FIELDS = 32
# Features: hole type, parent, previous sibling, depth, field, previous use of the name before.
_HOLE, _PARENT, _SIBLING, _DEPTH, _FIELD, _USE = range(6)
NO_HOLE = (0, -1, -1, 0, 0, -1)
"""Features of the position after a program's last action."""


class SpecStates(NamedTuple):
    """Encoded specs, one row a task; `reading` is projected once for every call that reads it."""

    states: Float[Tensor, "N T d"]
    reading: SpecReading

    def rows(self, rows: Int[Tensor, " B"]) -> SpecReading:
        """Give each program the reading of its task."""
        kv = tuple(pair.index_select(1, rows) for pair in self.reading.kv)
        return SpecReading(kv, self.reading.mask.index_select(0, rows))


class PolicyOutput(NamedTuple):
    """What the heads say, per segment."""

    logits: Float[Tensor, "M B L V"]
    """Unmasked."""
    q_halt: Float[Tensor, "M B"]
    """Logit of the chance that the program is right, read after its last action."""
    q_continue: Float[Tensor, "M B"]
    """Logit of the value of another edit."""
    strategy: tuple[Float[Tensor, "M B K"], ...]
    """Logits of `policy.strategy.labels`, read before the first action."""
    q_beyond: Float[Tensor, " B"] | None
    """The halt value after one more segment, without gradient, where `q_target` asks for it."""


class Policy(nn.Module):
    """Spec encoder, embeddings of actions and holes, HRM and heads."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width, positions = config.hrm.width, config.max_actions + 1
        reader = config.hrm.spec_reader
        # Actions stand after the longest spec, however long theirs is.
        self.first_position = config.spec.max_tokens if reader == "prefix" else 0
        actions = GRAMMAR.num_actions
        self.encoder = SpecEncoder(config.spec, config.hrm)
        # One table for the action before, the parent's, the previous sibling's action, and the
        # hole's type, depth and field: one lookup sums them.
        sizes = (actions + 1, actions + 1, actions + 1, GRAMMAR.num_holes, _DEPTHS, _FIELDS)
        offsets = torch.tensor(sizes).cumsum(0) - torch.tensor(sizes)
        self.register_buffer("offsets", offsets, persistent=False)
        self.embedding = nn.Parameter(
            init_normal(torch.empty(sum(sizes), width), 1.0 / math.sqrt(width))
        )
        self.places = (
            nn.Parameter(init_normal(torch.empty(positions, width), 1.0 / math.sqrt(width)))
            if config.hrm.positions == "learned"
            else None
        )
        self.hrm = HRM(
            config.hrm,
            self.first_position + positions,
            h_shape=BlockShape(causal=True, cross=reader in ("h", "both")),
            l_shape=BlockShape(
                causal=True,
                cross=reader in ("l", "both"),
                message_width=config.message_width if config.graph else 0,
            ),
        )
        self.output = None if config.tie_output else Linear(width, actions, bias=False)
        self.output_bias = nn.Parameter(torch.zeros(actions))
        self.strategy = nn.ModuleList(Linear(width, size) for size in SIZES)

    offsets: Tensor

    def encode_spec(self, batch: SpecBatch) -> SpecStates:
        """Encode tasks once, for all their samples."""
        states = self.encoder(batch, self.embedding)
        prefix = self.config.hrm.spec_reader == "prefix"
        read = self.hrm.read_prefix if prefix else self.hrm.read_spec
        return SpecStates(states, read(states, batch.mask))

    def forward(
        self,
        spec: SpecStates,
        rows: Int[Tensor, " B"],
        actions: Int[Tensor, "B L"],
        features: Int[Tensor, "B L F"],
        valid: Bool[Tensor, "B L"],
    ) -> PolicyOutput:
        """Score programs, teacher-forced.

        `rows` says whose task each program is; `features` come from the grammar's automaton;
        `valid` is True at a program's actions, which begin the row.
        """
        length = actions.shape[1]
        if length > self.config.max_actions:
            raise ValueError(
                f"{length} actions, but model.max_actions is {self.config.max_actions}"
            )
        features = close_features(features, valid)
        x = self.embed(actions, features, start=0)
        around = self.surroundings(spec.rows(rows), features, start=0)
        states = list(self.hrm.segments(x, around, beyond=self.hrm.beyond))
        z_h = torch.stack(states[: self.config.hrm.segments])
        judged = self.judged(valid)
        halt, go_on = self.hrm.q_values(_at(z_h, judged))
        beyond = states[self.config.hrm.segments :]
        return PolicyOutput(
            self.project(z_h[:, :, :length]),
            halt,
            go_on,
            tuple(head(z_h[:, :, 0]) for head in self.strategy),
            self.hrm.q_values(_at(beyond[0][None], judged)[0])[0].detach() if beyond else None,
        )

    def judged(self, valid: Bool[Tensor, "B L"]) -> Int[Tensor, " B"]:
        """Give the position that the Q-heads read of each program."""
        last = valid.sum(1)
        return last if self.config.hrm.q_position == "last" else torch.zeros_like(last)

    def step(
        self,
        reading: SpecReading,
        actions: Int[Tensor, "B T"],
        features: Int[Tensor, "B F"],
        memory: Memory,
    ) -> Float[Tensor, "B d"]:
        """Advance by one position with a cache: z_H of position T after actions 0..T-1.

        Where a row stops early it is that of the segment at which its `memory.depths` says so.
        `features` are those of hole T (NO_HOLE after the last action).
        """
        position = actions.shape[1]
        x = self.embed(actions, features[:, None], start=position)
        around = self.surroundings(reading, features[:, None], start=position, memory=memory)
        state, memory.depths = self.hrm.settle(x, around, memory.depths)
        return state

    def project(self, state: Float[Tensor, "*shape d"]) -> Float[Tensor, "*shape V"]:
        """Give unmasked logits of the next action."""
        if self.output is None:
            weight = self.embedding[1 : 1 + GRAMMAR.num_actions]
        else:
            weight = self.output.weight
        logits = functional.linear(state, weight, self.output_bias)
        if self.config.distribution == "stablemax":
            # The logarithm of stablemax's scores: the softmax of it is the stablemax of the logits.
            return logits.sign() * logits.abs().log1p()
        return logits

    def embed(
        self, actions: Int[Tensor, "B T"], features: Int[Tensor, "B S F"], start: int
    ) -> Float[Tensor, "B S d"]:
        """Embed positions start..start+S-1 from the actions before each and their holes.

        Column 0 of a lookup table is "no action"; action i stands in row i + 1.
        """
        stop = start + features.shape[1]
        known = functional.pad(actions[:, : stop - 1] + 1, (1, 0))
        indices = torch.stack(
            (
                known[:, start:stop],
                known.gather(1, features[..., _PARENT] + 1),
                known.gather(1, features[..., _SIBLING] + 1),
                features[..., _HOLE],
                features[..., _DEPTH],
                features[..., _FIELD],
            ),
            dim=-1,
        )
        parts = indices.shape[-1]
        flat = (indices + self.offsets).view(-1, parts)
        x = functional.embedding_bag(flat, self.embedding, mode="sum")
        x = x.view(*indices.shape[:2], -1)
        if self.places is not None:
            x, parts = x + self.places[start:stop], parts + 1
        # Rows have standard deviation 1 / sqrt(d): this makes the sum's 1, as the states' is.
        return x * math.sqrt(self.config.hrm.width / parts)

    def surroundings(
        self,
        reading: SpecReading,
        features: Int[Tensor, "B S F"],
        start: int,
        memory: Memory | None = None,
    ) -> Surroundings:
        """Say what the blocks may look at from positions start..start+S-1."""
        # The position after an action is the first that knows it; position 0 stands for "none".
        neighbours = features[..., [_PARENT, _SIBLING, _USE]] + 1
        stop, prefix = start + features.shape[1], self.config.hrm.spec_reader == "prefix"
        return Surroundings(
            rotation=self.hrm.rotation(self.first_position + start, self.first_position + stop),
            spec=None if prefix else reading,
            neighbours=neighbours if self.config.graph else None,
            memory=memory,
            masks=_after(reading.mask, start, stop) if prefix else NO_MASKS,
            prefix=iter(reading.kv) if prefix else None,
        )


def _after(spec: Bool[Tensor, "B P"], start: int, stop: int) -> Masks:
    """Let positions start..stop-1 read their spec and what is before them."""
    if stop == start + 1:
        return Masks(keys=functional.pad(spec, (0, stop), value=True))
    own = spec.new_ones(stop, stop).tril()
    shape = (len(spec), stop, -1)
    return Masks(pairs=torch.cat((spec[:, None].expand(shape), own.expand(shape)), dim=2))


def _at(states: Float[Tensor, "M B S d"], positions: Int[Tensor, " B"]) -> Float[Tensor, "M B d"]:
    index = positions[None, :, None, None].expand(len(states), -1, 1, states.shape[-1])
    return states.gather(2, index)[:, :, 0]


def close_features(
    features: Int[Tensor, "B L F"], valid: Bool[Tensor, "B L"]
) -> Int[Tensor, "B L1 F"]:
    """Append the position after the last action, and hide what a padded position says."""
    none = features.new_tensor(NO_HOLE)
    hidden = torch.where(valid[..., None], features, none)
    return torch.cat((hidden, none.expand(features.shape[0], 1, -1)), dim=1)
