"""The exact cache of incremental decoding.

A position's state at every module call depends on earlier positions only, so keys, values and
messages are kept per (segment, cycle, layer) call and never change. All rows write the same column
of a ring at a time, whatever their own position: a write is a slice, and a row that begins later,
or from a longer prefix, begins at another column. Rows that began together see every column and
need no mask.

Shapes: C calls, M calls that pass messages, B rows, N prefixes, K heads, P columns, T of them in
use, S positions of a prefix, D features a head, m message features, d width, E edges of the tree.
"""

from typing import NamedTuple, Protocol

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from policy.config import ModelConfig
from policy.fixed import Arena, FixedStep, Parts, rounded
from policy.layers import EDGES, Memory, gather_messages


class Past(NamedTuple):
    """What is known of the positions of N prefixes, computed once for all rows that begin there."""

    actions: Int[Tensor, "N S"]
    lengths: Int[Tensor, " N"]
    """Positions that a prefix fills; what stands after them is not read."""
    kv: Float[Tensor, "C 2 N K S D"]
    messages: Float[Tensor, "M N S m"]
    depths: Int[Tensor, " N"] | None
    """Last segment of rows that stop early (see `policy.hrm`)."""
    first: Float[Tensor, "N d"] | None
    """z_H of position 0, where the Q-heads read it."""


class StepMemory(Memory, Protocol):
    """What a step of decoding reads of a cache."""

    known: Int[Tensor, "B P1"]
    """Actions so far, from column 1 on and each one higher; column 0 stands for "no action"."""
    ages: Int[Tensor, " B"]
    """The position that each row stands at."""
    depths: Int[Tensor, " B"] | None
    """Last segment of rows that stop early."""
    deepest: int | None
    """The largest of them."""

    @property
    def together(self) -> bool:
        """Whether all rows stand at one position and see all columns."""

    @property
    def position(self) -> int:
        """The position of all rows, where they are `together`."""

    @property
    def seen(self) -> Bool[Tensor, "B T"]:
        """Columns that hold a position of the row, the newest included."""


class Recorder:
    """A `Memory` that keeps what every call of one parallel pass says, for others to read."""

    def __init__(self) -> None:
        self.kv: list[Float[Tensor, "2 B K S D"]] = []
        self.messages: list[Float[Tensor, "B S m"]] = []

    def extend_attention(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Keep a call's keys and values."""
        self.kv.append(torch.stack((k, v)))
        return k, v

    def pass_messages(self, values: Tensor, neighbours: Tensor) -> Tensor:
        """Keep a call's message values; hand them to the neighbours."""
        self.messages.append(values)
        return gather_messages(values, neighbours)


class DecodingCache:
    """Keys, values and messages of every module call, for `positions` positions of a row at most.

    One row for each of `sources`, at the end of the prefix that it names. It lies where the
    prefixes' keys do, and is of their type.
    """

    def __init__(
        self,
        config: ModelConfig,
        past: Past,
        sources: Int[Tensor, " B"],
        positions: int,
        arena: Arena | None = None,
    ) -> None:
        """`arena` has its memory: no other cache may be in use there; by default one of its own."""
        rows, core = len(sources), config.hrm
        calls, message_calls = _calls(config)
        head_width = core.width // core.heads
        self._arena = Arena() if arena is None else arena
        # Never all that there are: a graph for columns without gaps would be another one.
        columns = positions + 1
        self._kv: Float[Tensor, "C 2 R K P D"] = self._arena.block(
            past.kv, (calls, 2, rows, core.kv_heads, columns, head_width), rows=2
        )
        self._messages: Float[Tensor, "M R P m"] = self._arena.block(
            past.kv, (message_calls, rows, columns, EDGES * config.message_width), rows=1
        )
        self._positions = positions
        self._index: Int[Tensor, " BE"] | None = None
        self.known: Int[Tensor, "B P1"] = sources.new_zeros(rows, positions + 1)
        self.ages: Int[Tensor, " B"] = sources.new_zeros(rows)
        self.depths: Int[Tensor, " B"] | None = None
        self.deepest: int | None = None
        self._parts: Parts | None = None
        self._seen: Bool[Tensor, "B P"] = torch.zeros_like(self.known, dtype=torch.bool)
        lengths = past.lengths[sources]
        self._clock = int(lengths.max())
        self.together = bool((lengths == self._clock).all())
        self._numbers = torch.arange(positions, device=sources.device)
        self._wrapped = False
        self._look()
        self._write(torch.arange(rows, device=sources.device), past, sources)
        self._begin()

    @property
    def position(self) -> int:
        """The position of all rows, where they are `together`."""
        return self._clock

    @property
    def seen(self) -> Bool[Tensor, "B T"]:
        """Columns that hold a position of the row, the newest included."""
        return self._seen[:, : self._width]

    def fixed(self) -> FixedStep:
        """Give what the next step reads and writes, in shapes and places that seldom change."""
        shape = len(self.ages), min(rounded(self._width), self._positions)
        seen = self._seen[:, : shape[1]]
        if self._parts is None or self._parts.shape != shape:
            self._parts = Parts.of(self._kv, self._messages, *shape)
        return FixedStep(
            self.known,
            self.ages,
            seen,
            self._numbers[self._column : self._column + 1],
            self._parts,
            self._positions,
            self.depths,
            self.deepest,
        )

    def push(self, actions: Int[Tensor, " B"]) -> None:
        """Take each row's next action and begin the position after it."""
        # A finished row stays at the last position until another takes its place.
        self.ages = (self.ages + 1).clamp_(max=self._positions - 1)
        self.known.scatter_(1, self.ages[:, None], actions[:, None] + 1)
        self._clock += 1
        self._begin()

    def extend_attention(
        self, k: Float[Tensor, "B K 1 D"], v: Float[Tensor, "B K 1 D"]
    ) -> tuple[Float[Tensor, "B K T D"], Float[Tensor, "B K T D"]]:
        """Keep this call's newest key and value; give those of all columns in use."""
        keys, values = self._pairs[self._attention_call]
        self._attention_call += 1
        keys.select(2, self._column).copy_(k.select(2, 0))
        values.select(2, self._column).copy_(v.select(2, 0))
        return keys.narrow(2, 0, self._width), values.narrow(2, 0, self._width)

    def pass_messages(
        self, values: Float[Tensor, "B 1 m"], neighbours: Int[Tensor, "B 1 E"]
    ) -> Float[Tensor, "B 1 m"]:
        """Keep this call's newest message values; hand earlier ones to the neighbours."""
        held, flat = self._held[self._message_call]
        self._message_call += 1
        held.select(1, self._column).copy_(values.select(1, 0))
        if self._index is None:
            self._index = self._places(neighbours[:, 0])
        passed: Tensor = flat.index_select(0, self._index).view(values.shape)
        return passed

    def put(self, rows: Int[Tensor, " R"], past: Past, sources: Int[Tensor, " R"]) -> None:
        """Let new rows, at the ends of their prefixes, take the place of finished ones."""
        self.together = False
        # A prefix that is longer than the batch is old begins at the ring's end.
        self._wrapped |= past.actions.shape[1] > self._clock
        self._seen[rows] = False
        self._write(rows, past, sources)
        self._begin()

    def select(self, rows: Int[Tensor, " R"]) -> None:
        """Let each row become what row `rows[i]` was; there may be more rows than before."""
        self._grow(len(rows))
        moved = (rows != torch.arange(len(rows), device=rows.device)).nonzero()[:, 0]
        if len(moved):
            width, sources = self._width, rows[moved]
            self._kv[:, :, moved, :, :width] = self._kv[:, :, sources, :, :width]
            self._messages[:, moved, :width] = self._messages[:, sources, :width]
        self.known, self.ages = self.known[rows], self.ages[rows]
        self._seen = self._seen[rows]
        if self.depths is not None:
            self.depths = self.depths[rows]
            self.deepest = int(self.depths.max())
        self._look()
        self._begin()

    def _grow(self, rows: int) -> None:
        """Make room for more rows."""
        held, width = self._kv.shape[2], self._width
        if rows <= held:
            return
        room = max(rows, 2 * held)
        kv = self._arena.block(self._kv, (*self._kv.shape[:2], room, *self._kv.shape[3:]), rows=2)
        kv[:, :, :held, :, :width] = self._kv[..., :width, :]
        shape = len(self._messages), room, *self._messages.shape[2:]
        messages = self._arena.block(self._messages, shape, rows=1)
        messages[:, :held, :width] = self._messages[:, :, :width]
        self._kv, self._messages, self._parts = kv, messages, None

    def _begin(self) -> None:
        """Begin a position; its calls follow in the order of those of the one before."""
        self._column = self._clock % self._positions
        used = self._positions if self._wrapped else self._clock + 1
        self._width = min(used, self._positions)
        self._attention_call = self._message_call = 0
        self._index = None
        self._seen[:, self._column] = True

    def _look(self) -> None:
        """Make each call's view once: a step makes few others."""
        rows = len(self.ages)
        self._pairs = [(call[0, :rows], call[1, :rows]) for call in self._kv]
        width = self._messages.shape[-1] // EDGES
        self._held = [(call[:rows], call.view(-1, width)) for call in self._messages]

    def _places(self, neighbours: Int[Tensor, "B E"]) -> Int[Tensor, " BE"]:
        """Where the neighbours' messages stand in a call's flat table."""
        columns = neighbours
        if not self.together:
            columns = (self._clock - self.ages[:, None] + neighbours) % self._positions
        ring, device = self._messages.shape[2], columns.device
        rows = torch.arange(0, len(columns) * ring, ring, device=device)[:, None]
        places = (columns + rows) * EDGES + torch.arange(EDGES, device=device)
        return places.view(-1)

    def _write(self, rows: Int[Tensor, " R"], past: Past, sources: Int[Tensor, " R"]) -> None:
        """Copy the prefixes so that the column of the clock is next."""
        lengths, longest = past.lengths[sources], past.actions.shape[1]
        self.ages[rows] = lengths
        if past.depths is not None:
            if self.depths is None:
                self.depths = past.depths[sources]
            else:
                self.depths[rows] = past.depths[sources]
            self.deepest = int(self.depths.max())
        if not longest:
            return
        self.known[rows, 1 : longest + 1] = past.actions[sources] + 1
        row, position = (
            (torch.arange(longest, device=rows.device) < lengths[:, None]).nonzero().unbind(1)
        )
        column = (self._clock - lengths[row] + position) % self._positions
        to, source = rows[row], sources[row]
        self._seen[to, column] = True
        self._kv[:, :, to, :, column] = past.kv[:, :, source, :, position]
        if len(self._messages):
            self._messages[:, to, column] = past.messages[:, source, position]


def _calls(config: ModelConfig) -> tuple[int, int]:
    """Calls of blocks in a whole run, and those of them that pass messages."""
    core = config.hrm
    runs = core.segments * core.h_cycles
    l_calls = runs * core.l_cycles * (core.h_layers if core.share_levels else core.l_layers)
    h_calls = runs * core.h_layers
    message_calls = l_calls + (h_calls if core.share_levels else 0)
    return l_calls + h_calls, message_calls if config.graph else 0
