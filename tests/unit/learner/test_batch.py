"""What collate packs is what read_shard gives, whoever gets which rows."""

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch

from learner.backend import Shard
from learner.batch import Batch, Part, collate, count, cut, read_shard
from learner.objective import RowKind
from learner.rows import Row
from policy.grammar import GRAMMAR
from tests.unit.learner import samples

SPLITS = [(1, 1), (1, 4), (2, 1), (2, 3), (3, 2), (5, 7)]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [
        *samples.rows(chosen=samples.episodes()),
        *samples.repairs().draw(6),
        *samples.drafts(),
    ]


def read(rows: Sequence[Row], shards: int, parts: int) -> list[Batch]:
    made = collate(rows, num_shards=shards, num_parts=parts, policy_version=7)
    assert len(made) == shards
    return [read_shard(shard) for shard in made]


def real_rows(part: Part) -> list[int]:
    return (part.kind != RowKind.PADDING).nonzero().squeeze(1).tolist()


def unpack(packed: np.ndarray) -> torch.Tensor:
    bits = np.unpackbits(packed, axis=-1, bitorder="little", count=GRAMMAR.num_actions)
    return torch.from_numpy(bits.astype(bool))


Key = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[float, ...]]


def key_of(row: Row) -> Key:
    actions = tuple(row.program.actions.tolist())
    known = (row.kind, row.solved, row.node, np.float32(row.continue_value))
    ids = shown(row.spec.ids.flatten().tolist())
    return actions, tuple(row.taught.tolist()), ids, tuple(float(one) for one in known)


def shown(ids: list[int]) -> tuple[int, ...]:
    """A spec's ids without its padding."""
    return tuple(ids[: max(at for at, one in enumerate(ids) if one) + 1])


@pytest.mark.parametrize(("shards", "parts"), SPLITS)
def test_every_row_comes_back_whole_and_once(rows: list[Row], shards: int, parts: int):
    found = Counter[Key]()
    by_key = {key_of(row): row for row in rows}
    for batch in read(rows, shards, parts):
        for part in batch.parts:
            starts = part.drawn.sum(1).cumsum(0) - part.drawn.sum(1)
            for at in real_rows(part):
                length = int(part.valid[at].sum())
                spec_row = int(part.spec_rows[at])
                drawn = part.drawn[at].nonzero()[:, 0].tolist()
                ids = shown(batch.spec.ids[spec_row].flatten().tolist())
                known = (part.kind[at], part.solved[at], part.node[at], part.continue_value[at])
                actions = tuple(part.actions[at, :length].tolist())
                key = (actions, tuple(drawn), ids, tuple(float(one) for one in known))
                found[key] += 1
                row = by_key[key]
                start = int(starts[at])
                program, taught = row.program, row.taught
                assert part.features[at, :length].tolist() == program.features.tolist()
                masks = unpack(program.mask)[taught]
                assert torch.equal(part.mask[start : start + len(taught)], masks)
                if row.behaviour_logprobs is not None:
                    logprobs = part.behaviour_logprobs[at, drawn]
                    assert logprobs.tolist() == row.behaviour_logprobs.tolist()
                own = (part.constrained >= start) & (part.constrained < start + len(taught))
                places = taught[part.constrained[own] - start].tolist()
                bound = [one for one in program.constrained.tolist() if one in taught]
                assert places == bound
                kept = [one in taught for one in program.constrained.tolist()]
                assert torch.equal(part.grammar_mask[own], unpack(program.grammar_mask)[kept])
                tokens = int(batch.spec.mask.shape[1])
                assert len(row.spec.ids) <= tokens
                assert batch.spec.ids[spec_row, : len(row.spec.ids)].tolist() == (
                    row.spec.ids.tolist()
                )
    assert found == Counter(key_of(row) for row in rows)


@pytest.mark.parametrize(("shards", "parts"), SPLITS)
def test_shards_are_equal_in_rows_and_alike_in_length(rows: list[Row], shards: int, parts: int):
    batches = read(rows, shards, parts)
    sizes = {sum(len(part.kind) for part in batch.parts) for batch in batches}
    assert len(sizes) == 1
    assert sizes.pop() * shards - len(rows) < shards
    longest = [max(part.actions.shape[1] for part in batch.parts) for batch in batches]
    by_length = sorted((len(row.program.actions) for row in rows), reverse=True)
    assert min(longest) >= by_length[shards - 1]


@pytest.mark.parametrize(("shards", "parts"), SPLITS)
def test_every_shard_has_its_share_of_the_whole_batchs_counts(
    rows: list[Row], shards: int, parts: int
):
    whole = dataclasses.astuple(count(rows))
    for batch in read(rows, shards, parts):
        assert dataclasses.astuple(batch.counts) == pytest.approx([n / shards for n in whole])


def test_counts_by_hand(rows: list[Row]):
    counts = count(rows)
    references = [row for row in rows if row.kind == RowKind.REFERENCE]
    rollouts = [row for row in rows if row.kind == RowKind.ROLLOUT]
    assert counts.reference_tokens == sum(len(row.program.actions) for row in references)
    repairs = [row for row in rows if row.kind == RowKind.REPAIR]
    assert 0 < len(repairs) == counts.repair_rows <= counts.repair_tokens
    assert counts.repair_tokens == sum(len(row.taught) for row in repairs)
    edits = sum(row.node >= 0 for row in rollouts)
    assert edits > 0
    assert counts.rollout_tokens == sum(len(row.taught) for row in rollouts) + edits
    assert 0 < counts.verified_tokens < counts.rollout_tokens
    assert counts.rows == len(rows)
    assert counts.drafts == sum(row.kind == RowKind.DRAFT for row in rows) == len(rollouts)
    assert counts.strategy_rows == len(references)
    only = count(references)
    assert (only.rollout_tokens, only.verified_tokens) == (1.0, 1.0)  # divisors, never 0


def test_padding_shrinks_with_more_parts(rows: list[Row]):
    def area(parts: int) -> int:
        (batch,) = read(rows, 1, parts)
        return sum(part.actions.numel() for part in batch.parts)

    assert area(8) < area(2) < area(1)


@pytest.mark.parametrize("num_parts", [1, 2, 3, 6])
def test_cuts_leave_the_least_padding(num_parts: int):
    chance = random.Random(num_parts)
    for _ in range(20):
        lengths = sorted((chance.choice((2, 3, 7, 20, 48)) for _ in range(9)), reverse=True)
        ends = cut(lengths, num_parts)
        assert (ends[0], ends[-1], len(ends)) == (0, 9, num_parts + 1)
        every = (
            area_of(lengths, [0, *inner, 9]) for inner in combinations(range(1, 9), num_parts - 1)
        )
        assert area_of(lengths, ends) == min(every)


def area_of(lengths: list[int], ends: list[int]) -> int:
    return sum((stop - start) * lengths[start] for start, stop in pairwise(ends))


def test_the_lag_is_counted_from_the_newest_version(rows: list[Row]):
    (batch,) = read(rows, 1, 1)
    (part,) = batch.parts
    assert set(part.lag[part.kind == RowKind.ROLLOUT].tolist()) == {5.0, 4.0, 3.0}
    assert set(part.lag[part.kind == RowKind.REFERENCE].tolist()) == {0.0}


def test_a_spec_is_shared_by_its_rows(rows: list[Row]):
    (batch,) = read(rows, 1, 3)
    assert len(batch.spec.ids) == len({id(row.spec) for row in rows}) < len(rows)


def test_a_shard_is_flat_and_its_masks_are_bits(rows: list[Row]):
    (shard,) = collate(rows)
    assert all(isinstance(value, torch.Tensor) for value in shard.values())
    positions = sum(len(row.taught) for row in rows)
    assert shard["0/mask"].numel() == positions * -(-GRAMMAR.num_actions // 8)
    assert shard["0/mask"].dtype == torch.uint8


def test_the_action_taken_is_always_allowed(rows: list[Row]):
    for batch in read(rows, 2, 2):
        for part in batch.parts:
            taken = part.actions[part.drawn]
            assert not (part.drawn & ~part.valid).any()
            assert part.mask.gather(1, taken.unsqueeze(1)).all()
            assert (part.grammar_mask | ~part.mask[part.constrained]).all()


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="at least one row"):
        collate([])


def same(first: Shard, second: Shard) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(value, second[name]) for name, value in first.items()
    )


def test_the_same_rows_make_the_same_shard(rows: list[Row]):
    (first,), (second,) = collate(rows, num_parts=3), collate(rows, num_parts=3)
    assert same(first, second)
