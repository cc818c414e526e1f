"""The published HRM's train step, restated plainly, to set ours beside.

Written from the paper (arXiv:2506.21734): two stacks of post-norm blocks (rotary attention, SwiGLU,
RMS norms without gain), all calls of a segment but the last of each level without gradient, a
detached carry, halting by the Q-head of the first position, and one more segment without gradient
for the target of continuing. Attention is torch's `scaled_dot_product_attention`, the loss
stablemax in float64, the optimizer plain AdamW. No trick that the paper does not name, none left
out; nothing of it is shared with `policy`, except that weights come under `policy.puzzle`'s names.

Shapes: B rows, S positions, d width.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Shape:
    """The published configuration's sizes."""

    width: int = 512
    heads: int = 8
    layers: int = 4
    """In each of the two levels."""
    h_cycles: int = 2
    l_cycles: int = 2
    max_steps: int = 16
    eps: float = 1e-5


class State(NamedTuple):
    """What passes from step to step."""

    z_h: Tensor
    z_l: Tensor
    steps: Tensor
    halted: Tensor
    inputs: Tensor
    labels: Tensor
    tasks: Tensor


def norm(x: Tensor, eps: float) -> Tensor:
    """Divide by the root mean square."""
    x = x.to(torch.float32)
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)


def rotary(length: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines, [S, width]."""
    places = torch.arange(max(length, width), dtype=torch.float32, device=device)
    rates = 1.0 / (10000.0 ** (places[:width:2] / width))
    angles = torch.outer(places[:length], rates)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate [B, S, heads, features] by position."""
    first, second = x.chunk(2, dim=-1)
    turned = torch.cat((-second, first), dim=-1)
    return x * cos[:, None] + turned * sin[:, None]


class Reference:
    """The model as functions of a dict of weights."""

    def __init__(self, weights: Weights, shape: Shape, length: int) -> None:
        self.weights = {
            name: value.detach().clone().requires_grad_(not name.endswith("_init"))
            for name, value in weights.items()
        }
        self.shape = shape
        device = self.weights["tokens"].device
        self.tables = rotary(length + 1, shape.width // shape.heads, device)

    def block(self, name: str, x: Tensor) -> Tensor:
        """One layer: attention and SwiGLU, each added and normed."""
        w, shape = self.weights, self.shape
        batch, length = x.shape[:2]
        qkv = F.linear(x, w[f"{name}.self_attn.qkv_proj.weight"])
        q, k, v = qkv.view(batch, length, 3, shape.heads, -1).unbind(2)
        q, k = turn(q, *self.tables), turn(k, *self.tables)
        q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
        x = norm(x + F.linear(mixed, w[f"{name}.self_attn.o_proj.weight"]), shape.eps)
        gate, up = F.linear(x, w[f"{name}.mlp.gate_up_proj.weight"]).chunk(2, dim=-1)
        inner = F.linear(F.silu(gate) * up, w[f"{name}.mlp.down_proj.weight"])
        return norm(x + inner, shape.eps)

    def level(self, name: str, state: Tensor, injection: Tensor) -> Tensor:
        """All layers of a level on the sum of its state and its input."""
        x = state + injection
        for layer in range(self.shape.layers):
            x = self.block(f"hrm.{name}_level.layers.{layer}", x)
        return x

    def segment(self, z_h: Tensor, z_l: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """All cycles; gradient through the last call of each level only."""
        with torch.no_grad():
            for h in range(self.shape.h_cycles):
                for low in range(self.shape.l_cycles):
                    last = h == self.shape.h_cycles - 1 and low == self.shape.l_cycles - 1
                    if not last:
                        z_l = self.level("L", z_l, z_h + x)
                if h < self.shape.h_cycles - 1:
                    z_h = self.level("H", z_h, z_l)
        z_l = self.level("L", z_l, z_h + x)
        return self.level("H", z_h, z_l), z_l

    def embed(self, inputs: Tensor, tasks: Tensor) -> Tensor:
        """Tokens after one position that embeds the task."""
        tokens = F.embedding(inputs, self.weights["tokens"])
        task = F.embedding(tasks, self.weights["tasks"])[:, None]
        x: Tensor = self.shape.width**0.5 * torch.cat((task, tokens), dim=1)
        return x

    def q_values(self, z_h: Tensor) -> tuple[Tensor, Tensor]:
        """Halt and continue."""
        q = F.linear(z_h[:, 0], self.weights["hrm.q_head.weight"], self.weights["hrm.q_head.bias"])
        return q[..., 0].float(), q[..., 1].float()

    def start(self, inputs: Tensor, labels: Tensor, tasks: Tensor) -> State:
        """All rows halted: the first step takes new ones."""
        rows, length = inputs.shape
        zeros = self.weights["tokens"].new_zeros(rows, length + 1, self.shape.width)
        steps = torch.zeros_like(tasks)
        return State(zeros, zeros, steps, steps == 0, inputs, labels, tasks)

    def step(
        self, state: State, inputs: Tensor, labels: Tensor, tasks: Tensor
    ) -> tuple[State, Tensor, Tensor]:
        """Give the next state, the loss summed over rows, and that without continuing."""
        new = state.halted
        w = self.weights
        z_h = torch.where(new[:, None, None], w["hrm.H_init"], state.z_h)
        z_l = torch.where(new[:, None, None], w["hrm.L_init"], state.z_l)
        steps = torch.where(new, 0, state.steps) + 1
        inputs = torch.where(new[:, None], inputs, state.inputs)
        labels = torch.where(new[:, None], labels, state.labels)
        tasks = torch.where(new, tasks, state.tasks)
        z_h, z_l = self.segment(z_h, z_l, self.embed(inputs, tasks))
        logits = F.linear(z_h, w["lm_head.weight"])[:, 1:]
        halt, go_on = self.q_values(z_h)
        z_h, z_l = z_h.detach(), z_l.detach()
        last = steps >= self.shape.max_steps
        with torch.no_grad():
            following = self.q_values(self.segment(z_h, z_l, self.embed(inputs, tasks))[0])
            target = torch.where(last, following[0], torch.maximum(*following)).sigmoid()
        rest = stablemax_loss(logits, labels) + 0.5 * F.binary_cross_entropy_with_logits(
            halt, solved(logits, labels), reduction="sum"
        )
        going = F.binary_cross_entropy_with_logits(go_on, target, reduction="sum")
        after = State(z_h, z_l, steps, last | (halt > go_on), inputs, labels, tasks)
        return after, rest + 0.5 * going, rest.detach()


def solved(logits: Tensor, labels: Tensor) -> Tensor:
    """1.0 for rows that are right everywhere."""
    return (logits.argmax(-1) == labels).all(-1).to(torch.float32)


def stablemax_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean over a row's positions, summed over rows."""
    x = logits.to(torch.float64)
    scores = torch.where(x < 0, 1 / (1 - x + 1e-30), x + 1)
    log_probs = torch.log(scores / scores.sum(-1, keepdim=True))
    picked = log_probs.gather(-1, labels[..., None])[..., 0]
    return -(picked / labels.shape[1]).sum()
