"""A small batch, and the objective's terms written out by hand, slowly, in plain Python."""

import math

import torch
from torch import Tensor

from learner.config import ObjectiveConfig
from learner.objective import Counts, ObjectiveInputs, RowKind

SEGMENTS, ACTIONS, VOCABULARY, NODES = 3, 4, 7, 5
KINDS = (RowKind.REFERENCE, RowKind.ROLLOUT, RowKind.ROLLOUT, RowKind.PADDING, RowKind.REPAIR)
# Positions that were drawn; the second rollout and the repair edit a draft.
DRAWN = ((0, 1, 2), (0, 1, 2, 3), (1, 3), (0, 1, 2, 3), (1,))
NODE = (-1, -1, 3, -1, 0)
SELECTABLE = (3, 0)
"""Nodes of each draft that can be chosen, besides node 1."""
CONTINUE_VALUE = (-1.0, -1.0, 0.7, -1.0, -1.0)
REAL = tuple(row for row, kind in enumerate(KINDS) if kind != RowKind.PADDING)
CHOICES = 4 + 2 + 1
"""Actions that rollouts drew, and nodes that they chose."""


def make_inputs(seed: int = 0, dtype: torch.dtype = torch.float64) -> ObjectiveInputs:
    """A reference, a solved rollout, a failed edit, padding, a repair; every logit is a leaf."""
    draw = torch.Generator().manual_seed(seed)
    rows = len(KINDS)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=draw, dtype=dtype).requires_grad_()

    drawn = torch.tensor([[at in places for at in range(ACTIONS)] for places in DRAWN])
    actions = torch.randint(VOCABULARY, (rows, ACTIONS), generator=draw)
    positions = int(drawn.sum())
    grammar = torch.rand(positions, VOCABULARY, generator=draw) < 0.7
    mask = grammar & (torch.rand(positions, VOCABULARY, generator=draw) < 0.7)
    grammar[torch.arange(positions), actions[drawn]] = True
    mask[torch.arange(positions), actions[drawn]] = True
    constrained = torch.tensor([0, 2, 4])
    hidden = torch.full((rows, NODES), -torch.inf, dtype=dtype)
    for row, node in zip((2, 4), SELECTABLE, strict=True):
        hidden[row, [1, node]] = 0.0
    return ObjectiveInputs(
        logits=normal(SEGMENTS, rows, ACTIONS, VOCABULARY),
        q_halt=normal(SEGMENTS, rows),
        q_continue=normal(SEGMENTS, rows),
        strategy=(normal(SEGMENTS, rows, 3), normal(SEGMENTS, rows, 5)),
        pointer=(normal(rows, NODES).detach() + hidden).requires_grad_(),
        actions=actions,
        drawn=drawn,
        mask=mask,
        constrained=constrained,
        grammar_mask=grammar[constrained],
        kind=torch.tensor(KINDS),
        solved=torch.tensor([True, True, False, False, True]),
        reward=torch.tensor([0.0, 1.2, 0.3, 9.0, 0.0], dtype=dtype),
        group_mean=torch.tensor([0.0, 0.75, 0.75, 0.0, 0.0], dtype=dtype),
        group_std=torch.tensor([0.0, 0.45, 0.45, 0.0, 0.0], dtype=dtype),
        temperature=torch.tensor([1.0, 0.7, 1.3, 1.0, 1.0], dtype=dtype),
        behaviour_logprobs=-torch.rand(rows, ACTIONS, generator=draw, dtype=dtype),
        node=torch.tensor(NODE),
        node_logprob=torch.tensor([0.0, 0.0, -0.9, 0.0, 0.0], dtype=dtype),
        continue_value=torch.tensor(CONTINUE_VALUE, dtype=dtype),
        lag=torch.tensor([0.0, 2.0, 1.0, 5.0, 0.0], dtype=dtype),
        strategy_labels=torch.tensor([[2, 4], *[[-1, -1]] * 4]),
        counts=Counts(
            reference_tokens=3.0,
            verified_tokens=4.0,
            rollout_tokens=float(CHOICES),
            repair_tokens=1.0,
            repair_rows=1.0,
            rows=4.0,
            drafts=1.0,
            strategy_rows=1.0,
            constrained=3.0,
        ),
    )


def log_softmax(values: list[float]) -> list[float]:
    total = math.log(sum(math.exp(v) for v in values))
    return [v - total for v in values]


class Slow:
    """The same terms with Python floats and loops over every segment, row and position."""

    def __init__(self, inputs: ObjectiveInputs, config: ObjectiveConfig) -> None:
        self.inputs, self.config = inputs, config
        self.positions = [(row, at) for row, places in enumerate(DRAWN) for at in places]

    def logp(self, segment: int, index: int, temperature: float = 1.0) -> dict[int, float]:
        row, at = self.positions[index]
        allowed = [a for a in range(VOCABULARY) if self.inputs.mask[index, a]]
        values = [self.inputs.logits[segment, row, at, a].item() / temperature for a in allowed]
        return dict(zip(allowed, log_softmax(values), strict=True))

    def node_logp(self, row: int) -> dict[int, float]:
        assert self.inputs.pointer is not None
        nodes = sorted({1, SELECTABLE[(2, 4).index(row)]})
        values = [self.inputs.pointer[row, node].item() for node in nodes]
        return dict(zip(nodes, log_softmax(values), strict=True))

    def pointer(self) -> float:
        return -self.node_logp(4)[NODE[4]]

    def cross_entropy(self, row: int) -> float:
        total = 0.0
        for index, (r, at) in enumerate(self.positions):
            if r == row:
                for segment in range(SEGMENTS):
                    total -= self.logp(segment, index)[int(self.inputs.actions[row, at])]
        return total / SEGMENTS / len(DRAWN[row])

    def gain(self, row: int, logp: float, behaviour: float) -> float:
        i, config = self.inputs, self.config
        ratio = math.exp(logp - behaviour)
        gap = (i.reward[row] - i.group_mean[row]).item()
        advantage = gap / (i.group_std[row].item() + config.advantage_epsilon)
        clipped = min(max(ratio, 1 - config.clip_low), 1 + config.clip_high)
        gain = min(ratio * advantage, clipped * advantage)
        if advantage < 0:
            gain = max(gain, config.clip_negative * advantage)
        return gain * config.staleness_decay ** i.lag[row].item()

    def policy_gradient(self) -> float:
        i = self.inputs
        total = self.gain(2, self.node_logp(2)[NODE[2]], i.node_logprob[2].item())
        for index, (row, at) in enumerate(self.positions):
            if KINDS[row] is RowKind.ROLLOUT:
                logp = self.logp(SEGMENTS - 1, index, i.temperature[row].item())
                behaviour = i.behaviour_logprobs[row, at].item()
                total += self.gain(row, logp[int(i.actions[row, at])], behaviour)
        return -total / CHOICES

    def entropy(self) -> float:
        choices = [self.node_logp(2)]
        for index, (row, _) in enumerate(self.positions):
            if KINDS[row] is RowKind.ROLLOUT:
                temperature = self.inputs.temperature[row].item()
                choices.append(self.logp(SEGMENTS - 1, index, temperature))
        return -sum(math.exp(p) * p for logp in choices for p in logp.values()) / CHOICES

    def constraints(self) -> float:
        total = 0.0
        for at, index in enumerate(self.inputs.constrained.tolist()):
            row, position = self.positions[index]
            for segment in range(SEGMENTS):
                weight = self.inputs.logits[segment, row, position].exp().tolist()
                obedient = sum(
                    w for w, ok in zip(weight, self.inputs.mask[index], strict=True) if ok
                )
                legal = sum(
                    w for w, ok in zip(weight, self.inputs.grammar_mask[at], strict=True) if ok
                )
                total -= math.log(obedient / legal)
        return total / SEGMENTS / 3

    def q(self, values: Tensor, targets: list[dict[int, float]]) -> float:
        total = 0.0
        for segment in range(SEGMENTS):
            for row in REAL:
                p, y = torch.sigmoid(values[segment, row]).item(), targets[segment][row]
                total -= y * math.log(p) + (1 - y) * math.log(1 - p)
        return total / SEGMENTS / len(REAL)

    def q_halt(self) -> float:
        return self.q(self.inputs.q_halt, [{0: 1.0, 1: 1.0, 2: 0.0, 4: 1.0}] * SEGMENTS)

    def q_continue(self) -> float:
        halt, go = self.inputs.q_halt.tolist(), self.inputs.q_continue.tolist()
        targets = [
            {r: 1 / (1 + math.exp(-max(halt[s + 1][r], go[s + 1][r]))) for r in REAL}
            for s in range(SEGMENTS - 1)
        ]
        targets.append({r: 1 / (1 + math.exp(-halt[-1][r])) for r in REAL})
        for target in targets:  # the next edit said what this one's continuing was worth
            target[2] = CONTINUE_VALUE[2]
        return self.q(self.inputs.q_continue, targets)

    def strategy(self) -> float:
        total = 0.0
        for head, label in zip(self.inputs.strategy, (2, 4), strict=True):
            total -= sum(log_softmax(head[s, 0].tolist())[label] for s in range(SEGMENTS))
        return total / SEGMENTS / 2
