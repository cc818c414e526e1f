"""Steps whose tensors keep their shapes and their places, so that one compiled graph serves all.

A graph is made once, and where it is recorded (on a GPU) recorded once for each shape. So a batch's
rows are rounded up to a power of two, and the columns of its cache that are in use and the tokens
of its specs to a multiple of 32; what is not there is masked. Columns are found by tensors, not by
Python's numbers. Memory is taken once and then by one batch after the other: a recorded graph
knows addresses.

Shapes: B rows, P positions, K heads, W columns, D features a head, m message features, E edges.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.dlpack import from_dlpack

_FEWEST_ROWS = 2
"""Of sizes 1 torch makes a graph of their own."""
_MULTIPLE = 32


def rounded_rows(count: int) -> int:
    """Say how many rows are computed where `count` are wanted."""
    return max(_FEWEST_ROWS, 1 << (count - 1).bit_length())


def rounded(length: int) -> int:
    """Say how many columns or tokens are read where `length` are there."""
    return -(-length // _MULTIPLE) * _MULTIPLE


class Arena:
    """Memory that batches keep their caches in, one after the other.

    It is kept in between: taking it anew for each batch was 6 % of the time of drawing by a large
    network (a CPU; huge pages were no faster than that).
    """

    def __init__(self) -> None:
        self._blocks: dict[int, Tensor] = {}

    def __deepcopy__(self, memo: object) -> "Arena":
        """Give a copy of a policy memory of its own."""
        return Arena()

    def block(self, like: Tensor, shape: Sequence[int], rows: int) -> Tensor:
        """Give a block of a shape, or with more in dimension `rows`; the same as ever if it can.

        It holds finite numbers that mean nothing.
        """
        held = self._blocks.get(rows)
        if held is None or not _fits(held, like, shape, rows):
            # Zeros: a masked column is multiplied by 0, which would not cure a NaN.
            # A tensor made in inference mode could be written in no other.
            with torch.inference_mode(mode=False):
                held = self._blocks[rows] = like.new_zeros(tuple(shape))
        return held


def _fits(held: Tensor, like: Tensor, shape: Sequence[int], rows: int) -> bool:
    wanted = (*shape[:rows], held.shape[rows], *shape[rows + 1 :])
    return (
        (held.dtype, held.device) == (like.dtype, like.device)
        and held.shape == wanted
        and held.shape[rows] >= shape[rows]
    )


class Parts(NamedTuple):
    """What each call of a block keeps of the first rows and columns, in tensors of their own."""

    keys: tuple[Float[Tensor, "B K W D"], ...]
    values: tuple[Float[Tensor, "B K W D"], ...]
    messages: tuple[Float[Tensor, "B W m"], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.keys[0].shape[0], self.keys[0].shape[2]

    @classmethod
    def of(
        cls,
        kv: Float[Tensor, "C 2 R K P D"],
        messages: Float[Tensor, "M R P m"],
        rows: int,
        width: int,
    ) -> "Parts":
        """Take them from a cache's blocks."""
        keys, values = kv[:, :, :rows, :, :width].unbind(1)
        return cls(
            tuple(_part(call, 2) for call in keys),
            tuple(_part(call, 2) for call in values),
            tuple(_part(call, 1) for call in messages[:, :rows, :width]),
        )


def _part(view: Tensor, columns: int) -> Tensor:
    # Compilers take tensors of one storage for overlapping ones, and so would copy the cache in
    # every step; from DLPack the same memory comes as a storage of its own.
    part = from_dlpack(view)
    # Imported here: whoever compiles nothing is spared the second that it takes.
    from torch._dynamo import mark_dynamic, mark_static_address

    mark_static_address(part, guard=False)
    mark_dynamic(part, (0, columns))
    return part


class FixedStep(NamedTuple):
    """What a step reads of a cache, and writes; see `policy.cache`."""

    known: Int[Tensor, "B P"]
    ages: Int[Tensor, " B"]
    seen: Bool[Tensor, "B W"]
    column: Int[Tensor, " 1"]
    """The one that all rows write now."""
    parts: Parts
    ring: int
    """Columns of the whole ring."""
    depths: Int[Tensor, " B"] | None
    deepest: int | None


class FixedMemory:
    """The cache of one step, by tensors alone."""

    together, position = False, 0

    def __init__(self, step: FixedStep) -> None:
        self.known, self.ages, self.seen = step.known, step.ages, step.seen
        self.depths, self.deepest = step.depths, step.deepest
        self._column, self._ring = step.column, step.ring
        self._pairs = iter(zip(step.parts.keys, step.parts.values, strict=True))
        self._messages = iter(step.parts.messages)

    def extend_attention(
        self, k: Float[Tensor, "B K 1 D"], v: Float[Tensor, "B K 1 D"]
    ) -> tuple[Float[Tensor, "B K W D"], Float[Tensor, "B K W D"]]:
        """Keep this call's newest key and value; give those of all columns."""
        keys, values = next(self._pairs)
        return keys.index_copy_(2, self._column, k), values.index_copy_(2, self._column, v)

    def pass_messages(
        self, values: Float[Tensor, "B 1 m"], neighbours: Int[Tensor, "B 1 E"]
    ) -> Float[Tensor, "B 1 m"]:
        """Keep this call's newest message values; hand earlier ones to the neighbours."""
        held = next(self._messages).index_copy_(1, self._column, values)
        columns = (self._column - self.ages[:, None] + neighbours[:, 0]) % self._ring
        edges = held.view(*held.shape[:2], columns.shape[1], -1)
        index = columns[:, None, :, None].expand(-1, -1, -1, edges.shape[-1])
        passed: Tensor = edges.gather(1, index).flatten(2)
        return passed
