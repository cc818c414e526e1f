"""The node pointer: where in a draft the next edit begins.

Shapes: N tasks, P nodes of a draft, d width.
"""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from policy.layers import Head, Linear


class NodePointer(nn.Module):
    """Scores each node of a draft by the state of its token; at first all alike."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = Linear(width, width)
        self.score = Head(width, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    def forward(self, states: Float[Tensor, "N P d"]) -> Float[Tensor, "N P"]:
        """Give unmasked logits."""
        scores: Tensor = self.score(functional.silu(self.inner(states)))
        return scores[..., 0]


def pointer_log_probs(
    logits: Float[Tensor, "N P"], nodes: Int[Tensor, " N"]
) -> Float[Tensor, " N"]:
    """Give the log-probability of one node a row; every row must have a node to point at."""
    return functional.log_softmax(logits, dim=-1).gather(1, nodes[:, None])[:, 0]
