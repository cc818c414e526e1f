"""What a step trains on: reference programs, and whatever rollouts wait in the replay."""

import time
from dataclasses import dataclass

from learner.backend import Shard
from learner.batch import collate
from learner.config import LearnerConfig
from learner.rollouts import RolloutRows
from learner.rows import Row
from learner.supervised import SupervisedRows
from replay import Leased, Reader

# Without reference programs a step has nothing but rollouts to wait for.
_LEASE_SECONDS = 0.5


@dataclass(frozen=True)
class Batch:
    """One step's shards, and what the loop records of them."""

    shards: tuple[Shard, ...]
    entry_ids: tuple[str, ...]
    rows: dict[str, int]
    """How many rows of each kind."""
    rewards: tuple[float, ...]
    """Of the rollouts."""
    lags: tuple[int, ...]
    """Of the rollouts, in policy versions."""
    waited_seconds: float


class Supply:
    """Draws batches. Rollouts are never waited for while there are references to train on.

    `references` is None where training is on rollouts alone.
    """

    def __init__(
        self,
        references: SupervisedRows | None,
        rollouts: RolloutRows,
        reader: Reader,
        config: LearnerConfig,
        num_shards: int,
    ) -> None:
        self._references = references
        self._rollouts = rollouts
        self._reader = reader
        self._config = config
        self._num_shards = num_shards
        self.policy_version = 0

    def next(self) -> Batch | None:
        """Return the next batch; None where there is nothing to train on yet."""
        began = time.monotonic()
        leased = self._lease()
        waited = time.monotonic() - began
        references = self._references.draw(self._config.supervised_rows) if self._references else []
        rollouts = self._rollouts.rows([one.trajectory for one in leased])
        rows = [*references, *rollouts]
        if not rows:
            return None
        return self._batch(rows, rollouts, leased, waited)

    def trained(self, batch: Batch) -> None:
        """Forget what has been trained on: it never comes back."""
        self._reader.acknowledge(batch.entry_ids)

    def state(self) -> int:
        """Return all that the order of the references depends on."""
        return self._references.state() if self._references else 0

    def load_state(self, drawn: int) -> None:
        """Go on where a checkpoint was."""
        if self._references:
            self._references.load_state(drawn)

    def _lease(self) -> list[Leased]:
        most = self._config.rollout_rows
        timeout = 0.0 if self._references else _LEASE_SECONDS
        return self._reader.lease(most, timeout) if most else []

    def _batch(
        self, rows: list[Row], rollouts: list[Row], leased: list[Leased], waited: float
    ) -> Batch:
        versions = [row.policy_version for row in rollouts if row.policy_version is not None]
        return Batch(
            shards=collate(
                rows,
                num_shards=self._num_shards,
                num_parts=self._config.length_parts,
                policy_version=self.policy_version,
            ),
            entry_ids=tuple(one.entry_id for one in leased),
            rows={"reference": len(rows) - len(rollouts), "rollout": len(rollouts)},
            rewards=tuple(row.reward for row in rollouts),
            lags=tuple(self.policy_version - version for version in versions),
            waited_seconds=waited,
        )
