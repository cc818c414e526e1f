"""Batched sampling of programs: an exact cache, forked prefixes, and a batch that stays full.

Programs that begin alike share the spec's encoding and the positions of their common prefix. At
most so many are in the batch; the next in the queue takes the place of one that is finished, and
when the queue is empty finished rows leave.

Shapes: N tasks, B rows in the batch, W programs wanted, S actions of a prefix, V vocabulary.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from policy.cache import DecodingCache, Past
from policy.grammar import GRAMMAR, Automaton, Profile, Root, codec
from policy.hrm import SpecReading
from policy.model import NO_HOLE, Policy, SpecStates
from policy.spec import Spec, collate

# Dropping rows copies the cache, so it waits until this share of the batch has finished.
_DROP_SHARE = 0.125
# Filling a place costs less: it copies one row.
_FILL_SHARE = 0.03
_BLOCK = 32
"""Actions whose probabilities are summed before one is drawn."""


@dataclass(frozen=True)
class Sample:
    """One sampled program."""

    task: int
    """Index into the specs that were sampled for."""
    actions: tuple[int, ...]
    """Of the whole program, its prefix included."""
    logprobs: tuple[float, ...]
    """Of each action as it was drawn, under the mask and the temperature: those of a prefix, which
    was not drawn, have none."""
    q_halt: float
    """Logit of the chance that the program is right."""
    q_continue: float
    source: str


class _Drawn(NamedTuple):
    """Everything drawn, in the order of the programs wanted."""

    actions: Int[Tensor, "W L"]
    logprobs: Float[Tensor, "W L"]
    lengths: Int[Tensor, " W"]
    q: Float[Tensor, "W 2"]


class _Beginnings(NamedTuple):
    """Where the programs of each task begin: after its spec and its prefix."""

    states: SpecStates
    automaton: Automaton
    past: Past


@torch.inference_mode()
def sample(
    policy: Policy,
    specs: Sequence[Spec],
    k: int,
    *,
    temperature: float = 1.0,
    max_actions: int | None = None,
    profile: Profile,
    generator: torch.Generator | None = None,
    prefixes: Sequence[Sequence[int]] | None = None,
    rows: int | None = None,
) -> list[Sample]:
    """Draw `k` programs for each spec, in the order of the specs.

    `max_actions` bounds a program (default and limit: the model's); the grammar closes it in time.
    `generator` lives on the policy's device. No gradients are kept. `prefixes` gives, per spec,
    the actions that its programs begin with. At most `rows` programs are in the batch (default:
    all); with fewer than wanted, what is drawn for a given generator depends on it.

    Raises:
        ValueError: temperature <= 0, k < 1, rows < 1, more actions than the model has positions,
            or a prefix that the grammar does not allow.

    """
    limit = policy.config.max_actions
    max_actions = limit if max_actions is None else max_actions
    rows = max(1, len(specs) * k) if rows is None else rows
    if temperature <= 0 or k < 1 or rows < 1 or not 1 < max_actions <= limit:
        raise ValueError(
            f"sampling needs temperature > 0, k >= 1, rows >= 1 and 2 <= max_actions <= {limit} "
            f"(model.max_actions), got {temperature}, {k}, {rows} and {max_actions}"
        )
    begun = [()] * len(specs) if prefixes is None else prefixes
    if len(begun) != len(specs):
        raise ValueError(f"prefixes: one for each of {len(specs)} specs, got {len(begun)}")
    samples: dict[int, list[Sample]] = {}
    for root in Root:
        chosen = [index for index, spec in enumerate(specs) if spec.root is root]
        if not chosen:
            continue
        group = [specs[index] for index in chosen]
        contexts = [spec.context for spec in group]
        automaton = Automaton(profile, contexts, max_actions, root, policy.output_bias.device)
        start = _begin(policy, group, automaton, [begun[index] for index in chosen])
        drawn = _Run(policy, start, k, rows, max_actions, generator).draw(temperature)
        begins = [len(begun[index]) for index in chosen]
        for row, made in enumerate(_read(drawn, group, chosen, begins, k)):
            samples.setdefault(chosen[row // k], []).append(made)
    return [made for index in range(len(specs)) for made in samples[index]]


def source_text(spec: Spec, actions: Sequence[int]) -> str:
    """Write a program as Python source, with the entry function's def line."""
    return ast.unparse(codec.decode(list(actions), spec.names, spec.root)) + "\n"


def _read(
    drawn: _Drawn, specs: list[Spec], indices: list[int], begins: list[int], k: int
) -> list[Sample]:
    lengths, q = drawn.lengths.tolist(), drawn.q.tolist()
    actions, logprobs = drawn.actions.tolist(), drawn.logprobs.tolist()
    return [
        Sample(
            task=indices[row // k],
            actions=tuple(actions[row][:length]),
            logprobs=tuple(logprobs[row][begins[row // k] : length]),
            q_halt=q[row][0],
            q_continue=q[row][1],
            source=source_text(specs[row // k], actions[row][:length]),
        )
        for row, length in enumerate(lengths)
    ]


def _begin(
    policy: Policy, specs: list[Spec], automaton: Automaton, prefixes: Sequence[Sequence[int]]
) -> _Beginnings:
    """Encode the specs and run the prefixes, each once."""
    device = policy.output_bias.device
    longest = max(map(len, prefixes))
    padded = [[*prefix, *[0] * (longest - len(prefix))] for prefix in prefixes]
    actions = torch.tensor(padded, dtype=torch.int64, device=device).view(len(specs), longest)
    lengths = torch.tensor([len(prefix) for prefix in prefixes], device=device)
    features = _walk(automaton, actions, lengths)
    states = policy.encode_spec(collate(specs).to(device))
    return _Beginnings(states, automaton, policy.begin(states, actions, features, lengths))


def _walk(
    automaton: Automaton, actions: Int[Tensor, "N S"], lengths: Int[Tensor, " N"]
) -> Int[Tensor, "N S F"]:
    """Bring each row of the automaton to the end of its prefix; give the features of the holes.

    Of hole 0 at least.
    """
    walking = automaton.fork(torch.arange(len(lengths), device=lengths.device))
    features = [walking.features()]
    no_hole = lengths.new_tensor(NO_HOLE)
    for position, column in enumerate(actions.unbind(1)):
        inside = position < lengths
        wrong = inside & ~walking.mask().gather(1, column[:, None])[:, 0]
        if wrong.any():
            row = int(wrong.nonzero()[0])
            raise ValueError(
                f"prefixes: action {position} of prefix {row}, "
                f"{GRAMMAR.actions[int(column[row])].name}, is not allowed there"
            )
        walking.push(column)
        ended = torch.eq(lengths, position + 1).nonzero()[:, 0]
        automaton.put(ended, walking.fork(ended))
        hidden = (position + 1 >= lengths)[:, None]
        features.append(torch.where(hidden, no_hole, walking.features()))
    return torch.stack(features[: max(1, actions.shape[1])], dim=1)


class _Run:
    """Programs that are drawn together; `live` says which program each row of the batch is."""

    def __init__(
        self,
        policy: Policy,
        start: _Beginnings,
        k: int,
        rows: int,
        max_actions: int,
        generator: torch.Generator | None,
    ) -> None:
        self.policy, self.start, self.k, self.generator = policy, start, k, generator
        wanted = len(start.past.lengths) * k
        like = start.states.states
        self.live = torch.arange(min(rows, wanted), device=like.device)
        self.queued = torch.arange(len(self.live), wanted, device=like.device)
        self.read = torch.zeros_like(self.live, dtype=torch.bool)
        self.no_hole = self.live.new_tensor(NO_HOLE)
        sources = self.live // k
        self.automaton = start.automaton.fork(sources)
        self.reading = start.states.rows(sources)
        self.cache = DecodingCache(policy.config, start.past, sources, max_actions + 1, like)
        # By position, of which a finished row stays at the last.
        self.logprobs = like.new_zeros(len(self.live), max_actions + 1, dtype=torch.float32)
        self.drawn = _Drawn(
            self.live.new_zeros(wanted, max_actions),
            self.logprobs.new_zeros(wanted, max_actions + 1),
            self.live.new_zeros(wanted),
            self._judged_first().repeat_interleave(k, 0),
        )

    def _judged_first(self) -> Float[Tensor, "N 2"]:
        """Give the Q-values of tasks, where those are what the Q-heads judge."""
        first = self.start.past.first
        if first is None:
            return self.logprobs.new_zeros(len(self.start.past.lengths), 2)
        return torch.stack(self.policy.hrm.q_values(first), dim=-1)

    def draw(self, temperature: float) -> _Drawn:
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
            action, logprob = self._choose(state, temperature)
            self.logprobs.scatter_(1, self.cache.ages[:, None], logprob[:, None])
            self.automaton.push(action)
            self.cache.push(action)
            if done > _FILL_SHARE * len(self.live) and len(self.queued):
                self._fill()

    def _keep(self, ended: Bool[Tensor, " B"], state: Float[Tensor, "B d"]) -> None:
        """Read the programs of rows that have come to their ends."""
        rows = ended.nonzero()[:, 0]
        where, width = self.live[rows], self.drawn.actions.shape[1]
        self.drawn.actions[where] = self.cache.known[rows, 1 : width + 1] - 1
        self.drawn.logprobs[where] = self.logprobs[rows]
        self.drawn.lengths[where] = self.cache.ages[rows]
        if self.start.past.first is None:
            self.drawn.q[where] = torch.stack(self.policy.hrm.q_values(state[rows]), dim=-1)

    def _choose(
        self, state: Float[Tensor, "B d"], temperature: float
    ) -> tuple[Int[Tensor, " B"], Float[Tensor, " B"]]:
        logits = self.policy.project(state).float()
        if temperature != 1:
            logits = logits / temperature
        allowed: Bool[Tensor, "B V"] = self.automaton.mask()
        return _draw(logits.masked_fill_(~allowed, -torch.inf).softmax(-1), self.generator)

    def _fill(self) -> None:
        """Let programs of the queue take the places of finished rows."""
        rows = self.read.nonzero()[: len(self.queued), 0]
        count = len(rows)
        self.live[rows], self.queued = self.queued[:count], self.queued[count:]
        self.read[rows] = False
        sources = self.live[rows] // self.k
        self.automaton.put(rows, self.start.automaton.fork(sources))
        self.cache.put(rows, self.start.past, sources)
        for mine, theirs in zip(self.reading.kv, self.start.states.reading.kv, strict=True):
            mine[:, rows] = theirs[:, sources]
        self.reading.mask[rows] = self.start.states.reading.mask[sources]

    def _drop(self, state: Float[Tensor, "B d"]) -> Float[Tensor, "B d"]:
        """Let the finished rows leave; their programs are complete and their Q-values read."""
        kept = (~self.read).nonzero()[:, 0]
        self.live, self.read = self.live[kept], self.read[kept]
        self.automaton.select(kept)
        self.cache.select(kept)
        self.logprobs = self.logprobs[kept]
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
