"""The spec encoder: a small bidirectional Transformer over the tokens of a task.

Shapes: N tasks, T tokens, d width.
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor, nn

from policy.config import HRMConfig, SpecConfig
from policy.grammar import GRAMMAR
from policy.hrm import BlockShape, Level, Surroundings
from policy.layers import Linear, init_normal
from policy.properties import WIDTH
from policy.spec import PROPERTY_TOKENS, SpecBatch
from policy.spec_tokens import MAX_DEPTH, MAX_PLACES, MAX_ROLES, NUMERIC, TYPES, WORDS, Kind


class SpecEncoder(nn.Module):
    """Sums the embeddings of a token's fields and numbers, then mixes tokens."""

    offsets: Tensor

    def __init__(self, config: SpecConfig, core: HRMConfig) -> None:
        super().__init__()
        sizes = (
            len(Kind),
            1 + len(TYPES),
            1 + WORDS,
            MAX_ROLES,
            1 + config.max_examples,
            MAX_PLACES,
            MAX_DEPTH,
            1 + GRAMMAR.max_literals,
        )
        self.register_buffer(
            "offsets", torch.tensor(sizes).cumsum(0) - torch.tensor(sizes), persistent=False
        )
        self.embedding = nn.Parameter(
            init_normal(torch.empty(sum(sizes), core.width), 1.0 / math.sqrt(core.width))
        )
        self.numbers = Linear(NUMERIC, core.width, bias=False)
        self.properties = Linear(WIDTH, core.width, bias=False)
        self.scale = math.sqrt(core.width / len(sizes))
        self.level = Level(core, config.layers, BlockShape()) if config.layers else None

    def forward(self, batch: SpecBatch) -> Float[Tensor, "N T d"]:
        """Encode; padded tokens hold values that nothing may read."""
        tasks, length, fields = batch.ids.shape
        x = F.embedding_bag((batch.ids + self.offsets).view(-1, fields), self.embedding, mode="sum")
        x = self.scale * x.view(tasks, length, -1) + self.numbers(batch.numbers)
        relations = F.pad(self.properties(batch.properties), (0, 0, 0, length - PROPERTY_TOKENS))
        x = x + relations
        if self.level is None:
            return x
        around = Surroundings(key_mask=batch.mask)
        out: Tensor = self.level(x, torch.zeros_like(x), around)
        return out
