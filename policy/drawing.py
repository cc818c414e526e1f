"""Drawing a batch of programs: an exact cache, shared beginnings, and a batch that stays full.

Programs of one beginning that have drawn the same actions so far are one row of the batch: it is
computed once, drawn from as many times, and forks where they part. A trained policy parts late:
eight programs of a task take a quarter of their positions, sixty-four a twentieth. Beginnings wait
in a queue until there is room; when it is empty, the batch shrinks.

Shapes: N beginnings, B rows in the batch, F programs in it, W programs wanted, C choices (a row and
an action), L positions, V vocabulary.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from policy.beginnings import Begun
from policy.blocks import SpecReading
from policy.cache import DecodingCache
from policy.decoding import decode, widened
from policy.fixed import rounded_rows
from policy.grammar import GRAMMAR
from policy.keeping import Keeper
from policy.model import Policy
from policy.network import NO_HOLE
from policy.uniforms import Uniforms

# While beginnings wait for room, rows of finished programs stay until they are this share of the
# batch: others will take them. Later they leave at once, for a copy of a row's cache costs less
# than its next step. Actions that are the only one allowed aren't worth a way of their own: 3 % of
# what random weights draw and none of what a trained policy does.
_WAITING_SHARE = 0.125
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
    """0 where the Q-heads judge drafts: nothing was run yet."""


class Run:
    """Programs that are drawn together."""

    def __init__(
        self,
        policy: Policy,
        start: Begun,
        counts: Int[Tensor, " N"],
        rows: int,
        max_actions: int,
        uniforms: Uniforms,
    ) -> None:
        """`counts` says how many programs begin at each beginning."""
        if policy.compiled:
            states = start.states
            start = start._replace(states=states._replace(reading=widened(states.reading)))
        self.policy, self.start, self.uniforms = policy, start, uniforms
        self.rows, self.counts = rows, counts
        like, prefixes = start.states.states, start.past.actions
        every = torch.arange(len(counts), device=like.device)
        first = every[: _fitting(counts, rows)]
        self.queued = every[len(first) :]
        self.no_hole = every.new_tensor(NO_HOLE)
        # The programs in the batch, and the row that each is at.
        self.programs, self.row = self._of(first, first)
        # Rows that nobody stands at begin as the last does.
        sources = torch.arange(self._size(len(first)), device=like.device)
        sources.clamp_(max=len(first) - 1)
        self.automaton = start.automaton.fork(sources)
        self.reading = start.states.rows(sources)
        self.cache = DecodingCache(
            policy.config, start.past, sources, max_actions + 1, policy.arena
        )
        begins = start.past.lengths
        self.keeper = None if start.keeping is None else Keeper(start.keeping, begins, sources)
        prefixes = functional.pad(prefixes, (0, max_actions - prefixes.shape[1]))
        actions = prefixes.repeat_interleave(counts, 0)
        self.drawn = Drawn(
            actions,
            like.new_zeros(actions.shape, dtype=torch.float32),
            torch.zeros_like(actions, dtype=torch.bool),
            actions.new_zeros(len(actions)),
            self._judged_first().repeat_interleave(counts, 0),
        )

    def _of(
        self, beginnings: Int[Tensor, " R"], rows: Int[Tensor, " R"]
    ) -> tuple[Int[Tensor, " F"], Int[Tensor, " F"]]:
        """Give the programs of successive beginnings, and their rows."""
        counts = self.counts[beginnings]
        before = int(self.counts[: int(beginnings[0])].sum())
        programs = torch.arange(before, before + int(counts.sum()), device=rows.device)
        return programs, rows.repeat_interleave(counts)

    def _size(self, rows: int) -> int:
        """Say how many rows are computed where so many are wanted."""
        return rows if not self.policy.compiled else rounded_rows(rows)

    def _judged_first(self) -> Float[Tensor, "N 2"]:
        """Give the Q-values of tasks, where those are what the Q-heads judge."""
        first = self.start.past.first
        if first is None:
            like = self.start.states.states
            return like.new_zeros(len(self.counts), 2, dtype=torch.float32)
        return torch.stack(self.policy.hrm.q_values(first), dim=-1)

    def draw(self, temperature: float) -> Drawn:
        """Draw until every program is finished and its Q-values are read."""
        while True:
            finished = self.automaton.finished
            features = torch.where(finished[:, None], self.no_hole, self.automaton.features())
            decoded = decode(self.policy, self.reading, features, self.cache)
            # A row's Q-values stand one position after its last action: only now are they known.
            ended = finished[self.row]
            if ended.any():
                self._keep(ended, decoded.state)
                if not len(self.programs) and not len(self.queued):
                    return self.drawn
            self._advance(decoded.logits, temperature)
            if len(self.queued):
                self._fill()

    def _keep(self, ended: Bool[Tensor, " F"], state: Float[Tensor, "B d"]) -> None:
        """Read what is known of programs at their ends, and let them leave the batch."""
        programs, rows = self.programs[ended], self.row[ended]
        self.drawn.lengths[programs] = self.cache.ages[rows]
        if self.policy.config.hrm.q_position == "last":
            self.drawn.q[programs] = torch.stack(self.policy.hrm.q_values(state[rows]), dim=-1)
        self.programs, self.row = self.programs[~ended], self.row[~ended]

    def _advance(self, logits: Float[Tensor, "B V"], temperature: float) -> None:
        """Take each program's next action: drawn, or kept of an older program."""
        if temperature != 1:
            logits = logits / temperature
        allowed: Bool[Tensor, "B V"] = self.automaton.mask()
        probabilities = logits.masked_fill_(~allowed, -torch.inf).softmax(-1)
        written = self.programs, self.cache.ages[self.row]
        action, logprob = _draw(probabilities, self.row, self.uniforms.at(*written))
        if self.keeper is not None:
            forced, kept = self.keeper.keep(allowed)
            action = torch.where(kept[self.row], forced[self.row], action)
            self.drawn.kept[written] = kept[self.row]
        self.drawn.actions[written] = action
        self.drawn.logprobs[written] = logprob
        # Rows that nobody stands at may be unfinished where rows are rounded up: they go on too.
        idle = None if not self.policy.compiled else probabilities.argmax(-1)
        self._push(action, idle)

    def _push(self, action: Int[Tensor, " F"], idle: Int[Tensor, " B"] | None) -> None:
        """Push an action a program: rows fork where programs part, and those of none leave.

        `idle` are the actions of rows that stay and have no program; by default they are finished.
        """
        size = GRAMMAR.num_actions
        choices, choice = torch.unique(self.row * size + action, return_inverse=True)
        rows, count = choices // size, len(self.cache.ages)
        waiting = _WAITING_SHARE if len(self.queued) else 0.0
        source, place = _places(rows, count, self._size(len(rows)), waiting)
        if source is not None:
            self._select(source)
            idle = idle if idle is None else idle[source]
        self.row = place[choice]
        ages = self.cache.ages
        pushed = torch.zeros_like(ages) if idle is None else idle
        pushed[place] = choices % size
        self.automaton.push(pushed)
        self.cache.push(pushed)
        if self.keeper is not None:
            self.keeper.pushed(pushed, ages, self.automaton.open_holes)

    def _select(self, source: Int[Tensor, " B"]) -> None:
        """Let each row become what another was."""
        self.automaton.select(source)
        self.cache.select(source)
        if self.keeper is not None:
            self.keeper.select(source)
        self.reading = self._read_by(source)

    def _read_by(self, source: Int[Tensor, " B"]) -> SpecReading:
        """Give each row the reading of its source, in place where there is room."""
        kv, mask = self.reading
        if self.policy.compiled or len(source) > len(mask):  # graphs ask for no gaps
            return SpecReading(
                tuple(pair.index_select(1, source) for pair in kv), mask.index_select(0, source)
            )
        rows = torch.arange(len(source), device=source.device)
        moved = (source != rows).nonzero()[:, 0]
        for pair in kv:
            pair[:, moved] = pair[:, source[moved]]
        mask[moved] = mask[source[moved]]
        return SpecReading(tuple(pair[:, : len(rows)] for pair in kv), mask[: len(rows)])

    def _fill(self) -> None:
        """Let beginnings of the queue take rows that nobody stands at, and new ones."""
        taken = torch.zeros_like(self.cache.ages, dtype=torch.bool)
        taken[self.row] = True
        room = self.rows - int(taken.sum())
        if len(self.programs) and room < int(self.counts[self.queued[0]]):
            return
        joining = _fitting(self.counts[self.queued], room)
        sources, self.queued = self.queued[:joining], self.queued[joining:]
        wanted = self._size(int(taken.sum()) + joining)
        every = torch.arange(max(len(taken), wanted), device=taken.device)
        if len(every) > len(taken):
            self._select(every.clamp(max=len(taken) - 1))
        vacant = functional.pad(~taken, (0, len(every) - len(taken)), value=True)
        rows = vacant.nonzero()[:joining, 0]
        self.automaton.put(rows, self.start.automaton.fork(sources))
        self.cache.put(rows, self.start.past, sources)
        if self.keeper is not None:
            self.keeper.put(rows, sources)
        for mine, theirs in zip(self.reading.kv, self.start.states.reading.kv, strict=True):
            mine[:, rows] = theirs[:, sources]
        self.reading.mask[rows] = self.start.states.reading.mask[sources]
        programs, row = self._of(sources, rows)
        self.programs = torch.cat((self.programs, programs))
        self.row = torch.cat((self.row, row))


def _fitting(counts: Int[Tensor, " N"], room: int) -> int:
    """Say how many beginnings' programs have room even if all of them part; one at least."""
    return max(1, int((counts.cumsum(0) <= room).sum()))


def _places(
    rows: Int[Tensor, " C"], count: int, size: int, waiting: float
) -> tuple[Int[Tensor, " B"] | None, Int[Tensor, " C"]]:
    """Give each choice a row of its own of `size`: the first of each of `rows` (sorted) stays.

    The others take rows that nobody stands at, or new ones; when there are more of those than the
    share `waiting` of the `count` that there were, the last rows move up. Returns what each row
    becomes a copy of, or None where all stay, and the places.
    """
    stays = torch.ones_like(rows, dtype=torch.bool)
    stays[1:] = rows[1:] != rows[:-1]
    if bool(stays.all()) and (not len(rows) or count - size <= waiting * count):
        return None, rows
    stays &= rows < size
    vacant = stays.new_ones(size)
    vacant[rows[stays]] = False
    place = rows.masked_scatter(~stays, vacant.nonzero()[:, 0])
    source = torch.arange(size, device=rows.device).clamp_(max=count - 1)
    source[place] = rows
    return source, place


def _draw(
    probabilities: Float[Tensor, "B V"], rows: Int[Tensor, " F"], uniform: Float[Tensor, "F 1"]
) -> tuple[Int[Tensor, " F"], Float[Tensor, " F"]]:
    """Draw from `rows` by inverting the distribution function at `uniform`; give log-probabilities.

    First a block of actions is drawn and then one of the block: much faster on a CPU than
    torch.multinomial or one long running sum. An action of probability 0 is never drawn: it is
    never the first to pass a threshold.
    """
    vocabulary = probabilities.shape[1]
    blocks = -(-vocabulary // _BLOCK)
    padded = functional.pad(probabilities, (0, blocks * _BLOCK - vocabulary))
    padded = padded.view(-1, blocks, _BLOCK)
    levels = padded.sum(-1).double().cumsum(-1).index_select(0, rows)
    total = levels[:, -1:]
    block = torch.searchsorted(levels, _below(uniform * total, total), right=True)
    inside = padded[rows, block[:, 0]]
    before = functional.pad(levels, (1, 0)).gather(1, block)
    within = inside.double().cumsum(-1)
    threshold = _below(uniform * total - before, within[:, -1:]).clamp_(min=0)
    place = torch.searchsorted(within, threshold, right=True)
    return (block * _BLOCK + place)[:, 0], inside.gather(1, place)[:, 0].log()


def _below(threshold: Float[Tensor, "B 1"], top: Float[Tensor, "B 1"]) -> Float[Tensor, "B 1"]:
    return torch.minimum(threshold, torch.nextafter(top, torch.zeros_like(top)))
