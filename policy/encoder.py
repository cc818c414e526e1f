"""The spec encoder: a small bidirectional Transformer over the tokens of a task.

Shapes: N tasks, T tokens, d width.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from policy.blocks import PLAIN, Level, Surroundings
from policy.config import HRMConfig, SpecConfig
from policy.grammar import GRAMMAR
from policy.layers import Linear, Masks, init_normal
from policy.properties import WIDTH
from policy.spec import PROPERTY_TOKENS, SpecBatch
from policy.spec_tokens import (
    FIRST_DRAFT_KIND,
    MAX_DEPTH,
    MAX_PLACES,
    MAX_PROGRAM_DEPTH,
    MAX_ROLES,
    NUMERIC,
    TYPES,
    WORDS,
    Ids,
    Kind,
)

_ROLE, _SLOT, _ACTION = (Ids._fields.index(name) for name in ("role", "slot", "action"))


def _sizes(config: SpecConfig, *, refine: bool) -> tuple[int, ...]:
    """Rows of the table of each field; a policy that refines has some more."""
    places = max(MAX_PLACES, 1 + config.max_program_tokens) if refine else MAX_PLACES
    return (
        len(Kind) if refine else FIRST_DRAFT_KIND,
        1 + len(TYPES),
        1 + WORDS,
        MAX_ROLES + refine,
        1 + config.max_examples,
        places,
        MAX_PROGRAM_DEPTH if refine else MAX_DEPTH,
    )


def _rows(pointer: str, count: int) -> list[int]:
    return [1 + GRAMMAR.action_ids[f"{pointer}_{i}"] for i in range(count)]


class SpecEncoder(nn.Module):
    """Sums the embeddings of a token's fields and numbers, then mixes tokens."""

    offsets: Tensor
    param_rows: Tensor
    literal_rows: Tensor

    def __init__(self, config: SpecConfig, core: HRMConfig, *, refine: bool = False) -> None:
        super().__init__()
        self.refine = refine
        sizes = _sizes(config, refine=refine)
        self.register_buffer(
            "offsets", torch.tensor(sizes).cumsum(0) - torch.tensor(sizes), persistent=False
        )
        # Role 2 + i is parameter i, slot 1 + i is literal i; row 0 of the table is read as none.
        params, literals = _rows("PARAM", MAX_ROLES - 2), _rows("LIT", GRAMMAR.max_literals)
        self.register_buffer("param_rows", torch.tensor([0, 0, *params, 0]), persistent=False)
        self.register_buffer("literal_rows", torch.tensor([0, *literals]), persistent=False)
        self.embedding = nn.Parameter(
            init_normal(torch.empty(sum(sizes), core.width), 1.0 / math.sqrt(core.width))
        )
        self.numbers = Linear(NUMERIC, core.width, bias=False)
        self.properties = Linear(WIDTH, core.width, bias=False)
        self.scale = math.sqrt(core.width / len(sizes))
        self.level = Level(core, config.layers, PLAIN) if config.layers else None

    def forward(self, batch: SpecBatch, actions: Float[Tensor, "W d"]) -> Float[Tensor, "N T d"]:
        """Encode; padded tokens hold values that nothing may read.

        `actions` is a table whose row i + 1 embeds action i: a literal or a parameter is shown
        as the action that points at it, so that copying it needs no learning by heart, and a
        draft as its actions.
        """
        tasks, length, _ = batch.ids.shape
        fields = (batch.ids[..., : len(self.offsets)] + self.offsets).view(tasks * length, -1)
        x = functional.embedding_bag(fields, self.embedding, mode="sum")
        param = self.param_rows[batch.ids[..., _ROLE]]
        literal = self.literal_rows[batch.ids[..., _SLOT]]
        drafted = (batch.ids[..., _ACTION],) if self.refine else ()
        pointed = torch.stack((param, literal, *drafted), dim=-1).view(tasks * length, -1)
        x = x + functional.embedding_bag(pointed, actions, mode="sum", padding_idx=0)
        x = self.scale * x.view(tasks, length, -1)
        numbers: Tensor = self.numbers(batch.numbers)
        relations: Tensor = self.properties(batch.properties)
        x = x + numbers + functional.pad(relations, (0, 0, 0, length - PROPERTY_TOKENS))
        if self.level is not None:
            x = self.level(x, torch.zeros_like(x), Surroundings(masks=Masks(keys=batch.mask)))
        return x
