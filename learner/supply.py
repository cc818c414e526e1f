"""What a step trains on: references, rollouts that wait in the replay, archived ones, repairs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from learner.backend import Shard
from learner.batch import collate
from learner.config import LearnerConfig
from learner.repairs import RepairRows
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
    """Of the episodes."""
    lags: tuple[int, ...]
    """Of their edits, in policy versions."""
    waited_seconds: float


class Supply:
    """Draws batches. Rollouts are never waited for while there are references to train on.

    `references` is None where training is on rollouts alone, `repairs` where nothing is repaired;
    with `judges_drafts` every program of a rollout is a row once more, as a draft.
    """

    def __init__(
        self,
        references: SupervisedRows | None,
        rollouts: RolloutRows,
        verified: VerifiedRows,
        repairs: RepairRows | None,
        reader: Reader,
        config: LearnerConfig,
        num_shards: int,
        *,
        judges_drafts: bool = False,
    ) -> None:
        self._references = references
        self._rollouts = rollouts
        self._verified = verified
        self._repairs = repairs
        self._reader = reader
        self._config = config
        self._num_shards = num_shards
        self._judges_drafts = judges_drafts
        self.policy_version = 0

    def next(self) -> Batch | None:
        """Return the next batch; None where there is nothing to train on yet."""
        began = time.monotonic()
        leased = self._lease()
        waited = time.monotonic() - began
        references = self._references.draw(self._config.supervised_rows) if self._references else []
        trajectories = [one.trajectory for one in leased]
        rollouts = self._rollouts.rows(trajectories)
        rows = {
            "reference": references,
            "rollout": [row for edits in rollouts for row in edits],
            "verified": self._verified.draw(self._config.verified_rows),
            "repair": self._repairs.draw(self._config.repair_rows) if self._repairs else [],
            "draft": self._rollouts.drafts(trajectories, rollouts) if self._judges_drafts else [],
        }
        self._verified.add(trajectories, rollouts)
        if self._repairs:
            self._repairs.add(trajectories)
        if not references and not rollouts:
            return None
        return self._batch(rows, leased, waited)

    def trained(self, batch: Batch) -> None:
        """Forget what has been trained on: it never comes back."""
        self._reader.acknowledge(batch.entry_ids)

    def state(self) -> dict[str, Any]:
        """Return all that the next references and verified programs depend on, as JSON."""
        drawn = self._references.state() if self._references else 0
        repairs = {"repairs": self._repairs.state()} if self._repairs else {}
        return {"references_drawn": drawn, "verified": self._verified.state(), **repairs}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on where a checkpoint was."""
        if self._references:
            self._references.load_state(state["references_drawn"])
        self._verified.load_state(state["verified"])
        if self._repairs:
            self._repairs.load_state(state["repairs"])

    def _lease(self) -> list[Leased]:
        most = self._config.rollout_rows
        timeout = 0.0 if self._references else _LEASE_SECONDS
        return self._reader.lease(most, timeout) if most else []

    def _batch(self, rows: dict[str, list[Row]], leased: list[Leased], waited: float) -> Batch:
        versions = [row.policy_version for row in rows["rollout"] if row.policy_version is not None]
        return Batch(
            shards=collate(
                [row for kind in rows.values() for row in kind],
                num_shards=self._num_shards,
                num_parts=self._config.length_parts,
                policy_version=self.policy_version,
            ),
            entry_ids=tuple(one.entry_id for one in leased),
            rows={kind: len(some) for kind, some in rows.items()},
            rewards=tuple(one.trajectory.reward.total for one in leased),
            lags=tuple(self.policy_version - version for version in versions),
            waited_seconds=waited,
        )
