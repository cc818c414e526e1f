"""What a step trains on: references, whatever rollouts wait in the replay, verified programs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from learner.backend import Shard
from learner.batch import collate
from learner.config import LearnerConfig
from learner.rollouts import RolloutRows
from learner.rows import Row
from learner.supervised import SupervisedRows
from learner.verified import VerifiedRows
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
        *,
        seed: int,
    ) -> None:
        self._references = references
        self._rollouts = rollouts
        self._verified = VerifiedRows(rollouts, per_task=config.verified_per_task, seed=seed)
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
        trajectories = [one.trajectory for one in leased]
        rollouts = self._rollouts.rows(trajectories)
        verified = self._verified.draw(self._config.verified_rows)
        self._verified.add(trajectories, rollouts)
        if not references and not rollouts:
            return None
        return self._batch(references, rollouts, verified, leased, waited)

    def trained(self, batch: Batch) -> None:
        """Forget what has been trained on: it never comes back."""
        self._reader.acknowledge(batch.entry_ids)

    def state(self) -> dict[str, Any]:
        """Return all that the next references and verified programs depend on, as JSON."""
        drawn = self._references.state() if self._references else 0
        return {"references_drawn": drawn, "verified": self._verified.state()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where a checkpoint was."""
        if self._references:
            self._references.load_state(state["references_drawn"])
        self._verified.load_state(state["verified"])

    def _lease(self) -> list[Leased]:
        most = self._config.rollout_rows
        timeout = 0.0 if self._references else _LEASE_SECONDS
        return self._reader.lease(most, timeout) if most else []

    def _batch(
        self,
        references: list[Row],
        rollouts: list[Row],
        verified: list[Row],
        leased: list[Leased],
        waited: float,
    ) -> Batch:
        versions = [row.policy_version for row in rollouts if row.policy_version is not None]
        return Batch(
            shards=collate(
                [*references, *rollouts, *verified],
                num_shards=self._num_shards,
                num_parts=self._config.length_parts,
                policy_version=self.policy_version,
            ),
            entry_ids=tuple(one.entry_id for one in leased),
            rows={
                "reference": len(references),
                "rollout": len(rollouts),
                "verified": len(verified),
            },
            rewards=tuple(row.reward for row in rollouts),
            lags=tuple(self.policy_version - version for version in versions),
            waited_seconds=waited,
        )
