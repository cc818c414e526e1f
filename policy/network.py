"""The policy network: a spec encoder and an HRM over the actions of a program.

Position t of the HRM sees the spec and actions < t and gives the logits of action t; one position
more, after the last action, gives the Q-values (or position 0 does: see `q_position`). So the
network is causal, and `policy.model` decodes with an exact cache.

Shapes: N tasks, T spec tokens, B programs, L actions, S positions, V actions in the vocabulary,
M segments, d width, E edges of the tree, F features of a hole (see `policy.grammar`).
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from policy.blocks import BlockShape, SpecReading, Surroundings
from policy.config import ModelConfig
from policy.draft_tokens import most_tokens
from policy.encoder import SpecEncoder
from policy.grammar import GRAMMAR
from policy.hrm import HRM
from policy.layers import NO_MASKS, Head, Masks, Memory, Rotation, init_normal, wide_linear
from policy.pointer import NodePointer
from policy.spec import PROPERTY_TOKENS, SpecBatch
from policy.spec_tokens import Ids
from policy.strategy import SIZES

_DEPTHS = 32
_FIELDS = 32
# Features: hole type, parent, previous sibling, depth, field, previous use of the name before.
_HOLE, PARENT, SIBLING, _DEPTH, _FIELD, _USE = range(6)
_NODE = Ids._fields.index("node")
NO_HOLE = (0, -1, -1, 0, 0, -1)
"""Features of the position after a program's last action."""


class SpecStates(NamedTuple):
    """Encoded specs, one row a task; `reading` is projected once for every call that reads it."""

    states: Float[Tensor, "N T d"]
    reading: SpecReading
    nodes: Bool[Tensor, "N P"]
    """Nodes of the task's draft that an edit may point at (see `policy.subtrees`); P tokens follow
    the properties."""

    def rows(self, rows: Int[Tensor, " B"]) -> SpecReading:
        """Give each program the reading of its task."""
        kv = tuple(pair.index_select(1, rows) for pair in self.reading.kv)
        return SpecReading(kv, self.reading.mask.index_select(0, rows))

    def select(self, rows: Int[Tensor, " B"]) -> "SpecStates":
        """Give the states of some tasks, in that order; one may be there more than once."""
        return SpecStates(self.states[rows], self.rows(rows), self.nodes[rows])


class PolicyOutput(NamedTuple):
    """What the heads say, per segment."""

    logits: Float[Tensor, "M B L V"]
    """Unmasked."""
    q_halt: Float[Tensor, "M B"]
    """Logit of the chance that what the Q-heads judge is right: the program or, where `q_position`
    says so, the draft in its task's spec."""
    q_continue: Float[Tensor, "M B"]
    """Logit of the value of another edit of it."""
    strategy: tuple[Float[Tensor, "M B K"], ...]
    """Logits of `policy.strategy.labels`, read before the first action."""
    q_beyond: Float[Tensor, " B"] | None
    """The halt value after one more segment, without gradient, where `q_target` asks for it."""


class Network(nn.Module):
    """Spec encoder, embeddings of actions and holes, HRM and heads."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width, positions = config.hrm.width, config.max_actions + 1
        reader = config.hrm.spec_reader
        # Actions stand after the longest spec, however long theirs is.
        self.reads_prefix = reader == "prefix"
        self.first_position = _most_tokens(config) if self.reads_prefix else 0
        actions = GRAMMAR.num_actions
        self.encoder = SpecEncoder(config.spec, config.hrm, refine=config.refine)
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
        self.output = None if config.tie_output else Head(width, actions, bias=False)
        self.output_bias = nn.Parameter(torch.zeros(actions))
        self.strategy = nn.ModuleList(Head(width, size) for size in SIZES)
        self.pointer = NodePointer(width) if config.refine else None

    offsets: Tensor

    def encode_spec(self, batch: SpecBatch) -> SpecStates:
        """Encode tasks once, for all their samples."""
        states = self.encoder(batch, self.embedding)
        read = self.hrm.read_prefix if self.reads_prefix else self.hrm.read_spec
        nodes = batch.ids[:, PROPERTY_TOKENS:, _NODE] != 0
        return SpecStates(states, read(states, batch.mask), nodes)

    def point(self, spec: SpecStates) -> Float[Tensor, "N P"]:
        """Give the logits of the node to edit; -inf for what is no node.

        A row without a draft is -inf throughout. Raises ValueError where the policy does not
        refine.
        """
        if self.pointer is None:
            raise ValueError("the policy does not refine: train one with model.refine=true")
        logits: Tensor = self.pointer(spec.states[:, PROPERTY_TOKENS:])
        return logits.masked_fill(~spec.nodes, -torch.inf)

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
        x = self.embed(actions, features)
        around = self.surroundings(spec.rows(rows), features)
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

    def project(self, state: Float[Tensor, "*shape d"]) -> Float[Tensor, "*shape V"]:
        """Give unmasked logits of the next action, in float32 or wider."""
        if self.output is None:
            weight = self.embedding[1 : 1 + GRAMMAR.num_actions]
        else:
            weight = self.output.weight
        logits = wide_linear(state, weight, self.output_bias)
        if self.config.distribution == "stablemax":
            # The logarithm of stablemax's scores: the softmax of it is the stablemax of the logits.
            return logits.sign() * logits.abs().log1p()
        return logits

    def embed(
        self, actions: Int[Tensor, "B L"], features: Int[Tensor, "B S F"]
    ) -> Float[Tensor, "B S d"]:
        """Embed the first S positions from the actions before each and their holes.

        Column 0 of a lookup table is "no action"; action i stands in row i + 1.
        """
        length = features.shape[1]
        known = functional.pad(actions[:, : length - 1] + 1, (1, 0))
        before = (
            known,
            known.gather(1, features[..., PARENT] + 1),
            known.gather(1, features[..., SIBLING] + 1),
        )
        x = self._sum(torch.stack(before, dim=-1), features)
        return self._scaled(x if self.places is None else x + self.places[:length])

    def embed_one(
        self,
        before: Int[Tensor, "B 3"],
        features: Int[Tensor, "B F"],
        positions: Int[Tensor, " B"],
    ) -> Float[Tensor, "B d"]:
        """Embed one position of each row, from the rows of the actions before it and its hole."""
        x = self._sum(before, features)
        return self._scaled(x if self.places is None else x + self.places[positions])

    def _sum(
        self, before: Int[Tensor, "*rows 3"], features: Int[Tensor, "*rows F"]
    ) -> Float[Tensor, "*rows d"]:
        indices = torch.cat((before, _columns(features, _HOLE, _DEPTH, _FIELD)), dim=-1)
        flat = (indices + self.offsets).view(-1, len(self.offsets))
        x = functional.embedding_bag(flat, self.embedding, mode="sum")
        return x.view(*features.shape[:-1], -1)

    def _scaled(self, x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
        # Rows have standard deviation 1 / sqrt(d): this makes the sum's 1, as the states' is.
        parts = len(self.offsets) + (self.places is not None)
        return x * math.sqrt(self.config.hrm.width / parts)

    def surroundings(
        self,
        reading: SpecReading,
        features: Int[Tensor, "B S F"],
        memory: Memory | None = None,
    ) -> Surroundings:
        """Say what the blocks may look at from the first S positions."""
        first, length = self.first_position, features.shape[1]
        rotation = self.hrm.rotation(first, first + length)
        masks = _after(reading.mask, length) if self.reads_prefix else NO_MASKS
        return self.around(reading, features, memory, rotation, masks)

    def around(
        self,
        reading: SpecReading,
        features: Int[Tensor, "B S F"],
        memory: Memory | None,
        rotation: Rotation | None,
        masks: Masks,
    ) -> Surroundings:
        """Say the same of positions that are turned and masked so."""
        # The position after an action is the first that knows it; position 0 stands for "none".
        neighbours = _columns(features, PARENT, SIBLING, _USE) + 1
        return Surroundings(
            rotation=rotation,
            spec=None if self.reads_prefix else reading,
            neighbours=neighbours if self.config.graph else None,
            memory=memory,
            masks=masks,
            prefix=iter(reading.kv) if self.reads_prefix else None,
        )


def _columns(features: Int[Tensor, "*rows F"], *wanted: int) -> Int[Tensor, "*rows W"]:
    # A list of them as an index would be a tensor on the CPU, which no CUDA graph takes.
    return torch.stack([features[..., at] for at in wanted], dim=-1)


def _most_tokens(config: ModelConfig) -> int:
    return config.spec.max_tokens + (most_tokens(config.spec) if config.refine else 0)


def _after(spec: Bool[Tensor, "B P"], length: int) -> Masks:
    """Let the first positions read their spec and what is before them."""
    own = spec.new_ones(length, length).tril()
    shape = (len(spec), length, -1)
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
