"""Drawing a batch of programs: an exact cache, and a batch that stays full.

At most so many rows are in the batch; the next program in the queue takes the place of one that is
finished, and when the queue is empty finished rows leave.

Shapes: N beginnings, B rows in the batch, W programs wanted, L positions, V vocabulary.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from policy.beginnings import Begun
from policy.cache import DecodingCache
from policy.hrm import SpecReading
from policy.keeping import Keeper
from policy.model import NO_HOLE, Policy

# Dropping rows copies the cache, so it waits until this share of the batch has finished.
_DROP_SHARE = 0.125
# Filling a place costs less: it copies one row.
_FILL_SHARE = 0.03
_BLOCK = 32
"""Actions whose probabilities are summed before one is drawn."""


class Drawn(NamedTuple):
    """Everything drawn, in the order of the programs wanted."""

    actions: Int[Tensor, "W L"]
    logprobs: Float[Tensor, "W L"]
    kept: Bool[Tensor, "W L"]
    """Actions of an older program that were kept, and not drawn."""
    lengths: Int[Tensor, " W"]
    q: Float[Tensor, "W 2"]


class Run:
    """Programs that are drawn together; `live` says which program each row of the batch is."""

    def __init__(
        self,
        policy: Policy,
        start: Begun,
        sources: Int[Tensor, " W"],
        rows: int,
        max_actions: int,
        generator: torch.Generator | None,
    ) -> None:
        """`sources` says where each program begins."""
        self.policy, self.start, self.generator = policy, start, generator
        self.wanted, wanted = sources, len(sources)
        like = start.states.states
        self.live = torch.arange(min(rows, wanted), device=like.device)
        self.queued = torch.arange(len(self.live), wanted, device=like.device)
        self.read = torch.zeros_like(self.live, dtype=torch.bool)
        self.no_hole = self.live.new_tensor(NO_HOLE)
        sources = self.wanted[self.live]
        self.automaton = start.automaton.fork(sources)
        self.reading = start.states.rows(sources)
        self.cache = DecodingCache(policy.config, start.past, sources, max_actions + 1, like)
        # By position, of which a finished row stays at the last.
        self.logprobs = like.new_zeros(len(self.live), max_actions + 1, dtype=torch.float32)
        self.kept = torch.zeros_like(self.logprobs, dtype=torch.bool)
        begins = start.past.lengths
        self.keeper = None if start.keeping is None else Keeper(start.keeping, begins, sources)
        self.drawn = Drawn(
            self.live.new_zeros(wanted, max_actions),
            self.logprobs.new_zeros(wanted, max_actions + 1),
            self.kept.new_zeros(wanted, max_actions + 1),
            self.live.new_zeros(wanted),
            self._judged_first()[self.wanted],
        )

    def _judged_first(self) -> Float[Tensor, "N 2"]:
        """Give the Q-values of tasks, where those are what the Q-heads judge."""
        first = self.start.past.first
        if first is None:
            return self.logprobs.new_zeros(len(self.start.past.lengths), 2)
        return torch.stack(self.policy.hrm.q_values(first), dim=-1)

    def draw(self, temperature: float) -> Drawn:
        """Draw until every program is finished and its Q-values are read."""
        while True:
            finished = self.automaton.finished
            features = torch.where(finished[:, None], self.no_hole, self.automaton.features())
            state = self.policy.step(self.reading, features, self.cache)
            # A row's Q-values stand one position after its last action: only now are they known.
            ended = finished & ~self.read
            if ended.any():
                self._keep(ended, state)
                self.read = self.read | ended
            done = int(self.read.sum())
            if done == len(self.live) and not len(self.queued):
                return self.drawn
            if done > _DROP_SHARE * len(self.live) and not len(self.queued):
                state = self._drop(state)
            self._advance(state, temperature)
            if done > _FILL_SHARE * len(self.live) and len(self.queued):
                self._fill()

    def _keep(self, ended: Bool[Tensor, " B"], state: Float[Tensor, "B d"]) -> None:
        """Read the programs of rows that have come to their ends."""
        rows = ended.nonzero()[:, 0]
        where, width = self.live[rows], self.drawn.actions.shape[1]
        self.drawn.actions[where] = self.cache.known[rows, 1 : width + 1] - 1
        self.drawn.logprobs[where] = self.logprobs[rows]
        self.drawn.kept[where] = self.kept[rows]
        self.drawn.lengths[where] = self.cache.ages[rows]
        if self.start.past.first is None:
            self.drawn.q[where] = torch.stack(self.policy.hrm.q_values(state[rows]), dim=-1)

    def _advance(self, state: Float[Tensor, "B d"], temperature: float) -> None:
        """Take each row's next action: drawn, or kept of an older program."""
        logits = self.policy.project(state).float()
        if temperature != 1:
            logits = logits / temperature
        allowed: Bool[Tensor, "B V"] = self.automaton.mask()
        probabilities = logits.masked_fill_(~allowed, -torch.inf).softmax(-1)
        action, logprob = _draw(probabilities, self.generator)
        ages = self.cache.ages
        if self.keeper is not None:
            action, kept = self.keeper.keep(action, allowed)
            self.kept.scatter_(1, ages[:, None], kept[:, None])
        self.logprobs.scatter_(1, ages[:, None], logprob[:, None])
        self.automaton.push(action)
        self.cache.push(action)
        if self.keeper is not None:
            self.keeper.pushed(action, ages, self.automaton.open_holes)

    def _fill(self) -> None:
        """Let programs of the queue take the places of finished rows."""
        rows = self.read.nonzero()[: len(self.queued), 0]
        count = len(rows)
        self.live[rows], self.queued = self.queued[:count], self.queued[count:]
        self.read[rows] = False
        sources = self.wanted[self.live[rows]]
        self.automaton.put(rows, self.start.automaton.fork(sources))
        self.cache.put(rows, self.start.past, sources)
        if self.keeper is not None:
            self.keeper.put(rows, sources)
        for mine, theirs in zip(self.reading.kv, self.start.states.reading.kv, strict=True):
            mine[:, rows] = theirs[:, sources]
        self.reading.mask[rows] = self.start.states.reading.mask[sources]

    def _drop(self, state: Float[Tensor, "B d"]) -> Float[Tensor, "B d"]:
        """Let the finished rows leave; their programs are complete and their Q-values read."""
        kept = (~self.read).nonzero()[:, 0]
        self.live, self.read = self.live[kept], self.read[kept]
        self.automaton.select(kept)
        self.cache.select(kept)
        self.logprobs, self.kept = self.logprobs[kept], self.kept[kept]
        if self.keeper is not None:
            self.keeper.select(kept)
        kv = tuple(pair.index_select(1, kept) for pair in self.reading.kv)
        self.reading = SpecReading(kv, self.reading.mask[kept])
        return state[kept]


def _draw(
    probabilities: Float[Tensor, "B V"], generator: torch.Generator | None
) -> tuple[Int[Tensor, " B"], Float[Tensor, " B"]]:
    """Draw by inverting the distribution function, and give the log-probability.

    First a block of actions is drawn and then one of the block: much faster on a CPU than
    torch.multinomial or one long running sum. An action of probability 0 is never drawn: it is
    never the first to pass a threshold.
    """
    rows, vocabulary = probabilities.shape
    blocks = -(-vocabulary // _BLOCK)
    padded = functional.pad(probabilities, (0, blocks * _BLOCK - vocabulary))
    padded = padded.view(rows, blocks, _BLOCK)
    levels = padded.sum(-1).double().cumsum(-1)
    total = levels[:, -1:]
    uniform = torch.rand(total.shape, generator=generator, dtype=total.dtype, device=total.device)
    block = torch.searchsorted(levels, _below(uniform * total, total), right=True)
    inside = padded.gather(1, block[..., None].expand(-1, -1, _BLOCK))[:, 0]
    before = functional.pad(levels, (1, 0)).gather(1, block)
    within = inside.double().cumsum(-1)
    threshold = _below(uniform * total - before, within[:, -1:]).clamp_(min=0)
    place = torch.searchsorted(within, threshold, right=True)
    return (block * _BLOCK + place)[:, 0], inside.gather(1, place)[:, 0].log()


def _below(threshold: Float[Tensor, "B 1"], top: Float[Tensor, "B 1"]) -> Float[Tensor, "B 1"]:
    return torch.minimum(threshold, torch.nextafter(top, torch.zeros_like(top)))
