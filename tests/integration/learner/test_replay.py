"""The learner's two ends on a real Redis: trajectories in, weights out."""

from collections.abc import Iterator

import pytest
import torch
from pydantic import SecretStr
from safetensors.torch import load as load_tensors

from learner.batch import read_shard
from learner.config import LearnerConfig
from learner.objective import RowKind
from learner.publish import publish
from learner.rollouts import RolloutRows
from learner.supply import Batch, Supply
from learner.verified import VerifiedRows
from policy.model import Policy
from replay import Replay, StaleVersion, connect
from replay.config import ReplayConfig
from replay.embedded import EmbeddedRedis
from tests.unit.learner import samples

CONFIG = LearnerConfig(supervised_rows=8, rollout_rows=10, verified_rows=3, repair_rows=4)


@pytest.fixture
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        found = connect(ReplayConfig(url=SecretStr(server.url)), "test")
        yield found
        found.close()


def make(replay: Replay, *, references: bool = True, judges_drafts: bool = False) -> Supply:
    rollouts = RolloutRows(samples.MODEL.spec)
    verified = VerifiedRows(rollouts, per_task=CONFIG.verified_per_task, seed=2)
    return Supply(
        samples.references(CONFIG) if references else None,
        rollouts,
        verified,
        samples.repairs(rollouts, verified),
        replay.reader,
        CONFIG,
        num_shards=1,
        judges_drafts=judges_drafts,
    )


def kinds(batch: Batch | None) -> list[int]:
    assert batch is not None
    (shard,) = batch.shards
    return sorted(kind for part in read_shard(shard).parts for kind in part.kind.tolist())


def test_trajectories_are_trained_on_once_and_verified_ones_again(replay: Replay):
    given = samples.trajectories()
    replay.writer.append_all(given)
    supply = make(replay)
    supply.policy_version = 5
    first, second, third = (supply.next() for _ in range(3))
    assert first is not None
    assert second is not None
    assert kinds(first).count(RowKind.ROLLOUT) == len(first.rewards) == 10
    assert kinds(first).count(RowKind.VERIFIED) == 0
    assert set(first.lags) == {3}
    assert kinds(second).count(RowKind.VERIFIED) == second.rows["verified"] > 0
    assert kinds(third).count(RowKind.ROLLOUT) == len(given) - 20
    assert replay.reader.depth() == 0
    supply.trained(first)
    assert replay.reader.leased() == len(given) - 10


@pytest.mark.parametrize("judges_drafts", [False, True])
def test_an_episode_gives_a_row_for_each_edit_and_what_failed_is_repaired(
    replay: Replay, judges_drafts: bool
):
    replay.writer.append_all(samples.episodes()[:10])
    supply = make(replay, judges_drafts=judges_drafts)
    first, second = supply.next(), supply.next()
    assert first is not None
    assert second is not None
    edits = sum(len(one.edits) for one in samples.episodes()[:10])
    assert kinds(first).count(RowKind.ROLLOUT) == first.rows["rollout"] == edits > 10
    assert kinds(first).count(RowKind.DRAFT) == first.rows["draft"] == judges_drafts * edits
    assert len(first.rewards) == 10
    assert len(first.lags) == edits
    assert kinds(second).count(RowKind.REPAIR) == second.rows["repair"] > 0


def test_references_are_not_kept_waiting_by_an_empty_replay(replay: Replay):
    batch = make(replay).next()
    assert batch is not None
    assert batch.rows["reference"] == 8
    assert batch.rows["rollout"] == 0
    assert batch is not None
    assert batch.waited_seconds < 0.4
    assert make(replay, references=False).next() is None


def test_a_supply_goes_on_where_its_state_was_taken(replay: Replay):
    replay.writer.append_all(samples.episodes())
    supply = make(replay)
    for _ in range(3):
        supply.next()
    state = supply.state()
    expected = supply.next()
    resumed = make(replay)
    resumed.load_state(state)
    found = resumed.next()
    assert expected is not None
    assert found is not None
    (before,), (after,) = expected.shards, found.shards
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert torch.equal(value, after[name]), name


def test_published_weights_are_what_an_actor_loads(replay: Replay):
    torch.manual_seed(1)
    policy, other = Policy(samples.MODEL), Policy(samples.MODEL)
    publish(replay.weights, 4, policy.state_dict())
    found = replay.weights.fetch(3)
    assert found is not None
    version, blob = found
    assert version == 4
    other.load_state_dict(load_tensors(blob))
    for name, value in policy.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
    with pytest.raises(StaleVersion):
        publish(replay.weights, 4, policy.state_dict())
