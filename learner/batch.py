"""Rows -> the flat dicts of tensors that learners train on, one a learner.

A shard holds its rows in parts by length, each padded by itself, so that little work goes into
padding; the objective adds up over parts. It is flat because RLlib carries flat dicts. Its keys,
for part p with B rows, L actions, N drawn positions in row-major order and C constrained ones, G
different specs and V actions in the vocabulary:

    p/actions [B, L]  p/features [B, L, 6]  p/lengths [B]  p/spec_rows [B] (which spec is a row's)
    p/drawn [B, L] (positions that the objective reads; the others were kept, or are padding)
    p/kind, p/solved, p/reward, p/group_mean, p/group_std, p/temperature, p/lag [B]
    p/node, p/node_logprob, p/continue_value [B] (of an edit; -1, 0 and -1 where there is none)
    p/behaviour_logprobs [B, L]  p/strategy_labels [B, S]
    p/mask [N, V / 8]  p/constrained [C]  p/grammar_mask [C, V / 8]
    spec/FIELD [G, …] for each field of `policy.spec.SpecBatch`  counts [9]

An edit is a row with its draft in its spec; its actions are those of the whole new program. A draft
that is judged is a row of one action, which is not drawn. Each shard has as many rows as every
other (`PADDING` fills up) and the counts of the whole batch.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Bool, Int
from numpy.typing import NDArray
from torch import Tensor

from learner.backend import Shard
from learner.objective import Counts, RowKind, Targets
from learner.rows import Row
from policy import spec
from policy.grammar import GRAMMAR
from policy.spec import SpecBatch
from policy.strategy import SIZES

SPEC = "spec/"


@dataclass(frozen=True, kw_only=True)
class Part(Targets):
    """Some rows of a shard as the policy and the objective read them."""

    spec_rows: Int[Tensor, " B"]
    """Place of each row's spec in the shard's specs."""
    features: Int[Tensor, "B L 6"]
    """What the grammar's automaton says of each position."""
    valid: Bool[Tensor, "B L"]
    """Which actions are there (the rest is padding)."""


@dataclass(frozen=True)
class Batch:
    """A shard, unpacked."""

    spec: SpecBatch
    parts: tuple[Part, ...]
    counts: Counts


def collate(
    rows: Sequence[Row], *, num_shards: int = 1, num_parts: int = 1, policy_version: int = 0
) -> tuple[Shard, ...]:
    """Deal rows to `num_shards` learners; `policy_version` is the newest, for the rollouts' lag.

    Longest first and back and forth, so that the shards differ little in their longest row and in
    their work. Raises ValueError without rows.
    """
    if not rows:
        raise ValueError("a batch needs at least one row")
    counts = count(rows).shard(num_shards)
    by_length = sorted(rows, key=lambda row: -len(row.program.actions))
    hands: list[list[Row]] = [[] for _ in range(num_shards)]
    for at, row in enumerate(by_length):
        turn, place = divmod(at, num_shards)
        hands[place if turn % 2 == 0 else num_shards - 1 - place].append(row)
    most = max(len(hand) for hand in hands)
    filler = _filler(by_length[-1])
    full = ([*hand, *[filler] * (most - len(hand))] for hand in hands)
    return tuple(_shard(hand, min(num_parts, most), counts, policy_version) for hand in full)


def count(rows: Sequence[Row]) -> Counts:
    """Count what the means of a batch divide by; 1 where there is nothing to divide."""

    def tokens(chosen: list[Row]) -> float:
        return float(sum(len(row.taught) for row in chosen))

    def of(kind: RowKind) -> list[Row]:
        return [row for row in rows if row.kind == kind]

    rollouts, repairs = of(RowKind.ROLLOUT), of(RowKind.REPAIR)
    solved = [row for row in rollouts if row.solved]
    counts = Counts(
        reference_tokens=tokens(of(RowKind.REFERENCE)),
        verified_tokens=tokens([*of(RowKind.VERIFIED), *solved]),
        rollout_tokens=tokens(rollouts) + sum(row.node >= 0 for row in rollouts),
        repair_tokens=tokens(repairs),
        repair_rows=float(len(repairs)),
        rows=float(sum(row.kind != RowKind.PADDING for row in rows)),
        drafts=float(len(of(RowKind.DRAFT))),
        strategy_rows=float(sum(bool(row.strategy) for row in rows)),
        constrained=float(sum(int(_bound(row).sum()) for row in rows)),
    )
    return Counts(*(max(1.0, count) for count in astuple(counts)))


def _bound(row: Row) -> NDArray[np.bool_]:
    """Which of a program's constrained positions are taught."""
    return np.isin(row.program.constrained, row.taught)


def _shard(rows: list[Row], num_parts: int, counts: Counts, policy_version: int) -> Shard:
    specs = list({id(row.spec): row.spec for row in rows}.values())
    index = {id(one): at for at, one in enumerate(specs)}
    ends = cut([len(row.program.actions) for row in rows], num_parts)
    columns = {
        f"{part}/{name}": torch.from_numpy(column)
        for part, (start, stop) in enumerate(pairwise(ends))
        for name, column in _columns(rows[start:stop], index, policy_version).items()
    }
    tokens = {f"{SPEC}{name}": value for name, value in spec.collate(specs)._asdict().items()}
    return columns | tokens | {"counts": torch.tensor(astuple(counts))}


def cut(lengths: Sequence[int], num_parts: int) -> list[int]:
    """Cut rows, longest first, into parts that hold the least padding together.

    Returns where parts begin, and the end. `lengths` falls; no part is empty.
    """
    places = np.arange(len(lengths) + 1)
    rows = places - places[:, None]
    # Part i..j is as wide as its first row.
    area = np.where(rows > 0, rows * np.array([*lengths, 0.0])[:, None], np.inf)
    least, choices = area[0], []
    for _ in range(num_parts - 1):
        total = least[:, None] + area
        choices.append(total.argmin(0))
        least = total.min(0)
    ends = [len(lengths)]
    for choice in reversed(choices):
        ends.append(int(choice[ends[-1]]))
    return [0, *reversed(ends)]


def _columns(
    rows: list[Row], spec_index: dict[int, int], policy_version: int
) -> dict[str, NDArray[np.generic]]:
    programs = [row.program for row in rows]
    sizes = np.array([len(row.taught) for row in rows])
    starts = np.cumsum(sizes) - sizes
    bound = [_bound(row) for row in rows]
    constrained = [
        start + np.searchsorted(row.taught, row.program.constrained[where])
        for start, row, where in zip(starts, rows, bound, strict=True)
    ]
    return {
        "actions": _padded([program.actions for program in programs]),
        "features": _padded([program.features for program in programs]),
        "lengths": np.array([len(program.actions) for program in programs]),
        "drawn": _padded([_placed(row, np.ones(len(row.taught), np.bool_)) for row in rows]),
        "spec_rows": np.array([spec_index[id(row.spec)] for row in rows]),
        "kind": np.array([row.kind for row in rows], np.int64),
        "solved": np.array([row.solved for row in rows]),
        "reward": np.array([row.reward for row in rows], np.float32),
        "group_mean": np.array([row.group_mean for row in rows], np.float32),
        "group_std": np.array([row.group_std for row in rows], np.float32),
        "temperature": np.array([row.temperature for row in rows], np.float32),
        "lag": np.array([_lag(row, policy_version) for row in rows], np.float32),
        "node": np.array([row.node for row in rows]),
        "node_logprob": np.array([row.node_logprob for row in rows], np.float32),
        "continue_value": np.array([row.continue_value for row in rows], np.float32),
        "behaviour_logprobs": _padded([_placed(row, row.behaviour_logprobs) for row in rows]),
        "strategy_labels": np.array([row.strategy or (-1,) * len(SIZES) for row in rows]),
        "mask": np.concatenate([row.program.mask[row.taught] for row in rows]),
        "constrained": np.concatenate(constrained),
        "grammar_mask": np.concatenate(
            [row.program.grammar_mask[where] for row, where in zip(rows, bound, strict=True)]
        ),
    }


def _placed(
    row: Row, values: NDArray[np.bool_] | NDArray[np.float32] | None
) -> NDArray[np.bool_] | NDArray[np.float32]:
    """Put what is known of the taught actions [D] where these are [L]; zeros for None."""
    found = np.zeros(len(row.program.actions), np.float32 if values is None else values.dtype)
    if values is not None:
        found[row.taught] = values
    return found


def _filler(row: Row) -> Row:
    """Return a row that takes part in nothing, of the shape of another."""
    program = row.program
    unbound = replace(
        program, constrained=program.constrained[:0], grammar_mask=program.grammar_mask[:0]
    )
    return replace(row, program=unbound, kind=RowKind.PADDING, strategy=())


def _lag(row: Row, policy_version: int) -> int:
    return 0 if row.policy_version is None else policy_version - row.policy_version


def _padded(arrays: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
    longest = max(len(array) for array in arrays)
    out = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), arrays[0].dtype)
    for row, array in zip(out, arrays, strict=True):
        row[: len(array)] = array
    return out


def read_shard(shard: Shard) -> Batch:
    """Unpack a shard on the device where it lies."""
    num_parts = sum(name.endswith("/actions") for name in shard)
    return Batch(
        spec=SpecBatch(*(shard[f"{SPEC}{name}"] for name in SpecBatch._fields)),
        parts=tuple(_read_part(shard, f"{part}/") for part in range(num_parts)),
        counts=Counts(*shard["counts"].tolist()),
    )


def _read_part(shard: Shard, prefix: str) -> Part:
    held = {name.removeprefix(prefix): shard[name] for name in shard if name.startswith(prefix)}
    actions, lengths = held.pop("actions").long(), held.pop("lengths")
    places = torch.arange(actions.shape[1], device=actions.device)
    return Part(
        actions=actions,
        features=held.pop("features").long(),
        valid=places < lengths.unsqueeze(1),
        mask=_unpack(held.pop("mask")),
        grammar_mask=_unpack(held.pop("grammar_mask")),
        **held,
    )


def _unpack(packed: Int[Tensor, "N bytes"]) -> Bool[Tensor, "N V"]:
    bits = packed.unsqueeze(-1).bitwise_and(
        torch.tensor([1, 2, 4, 8, 16, 32, 64, 128], dtype=torch.uint8, device=packed.device)
    )
    return bits.ne(0).flatten(1)[:, : GRAMMAR.num_actions]
