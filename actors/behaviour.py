"""The behaviour policy of an actor: the newest weights, and what is drawn with them."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from safetensors.torch import load as load_tensors

from actors.episodes import Episode, TaskGroup
from actors.judging import Judged, judge_runs
from actors.settings import ActorSettings
from policy.edits import Edit, propose
from policy.grammar import PROFILES
from policy.model import Policy
from policy.precision import arithmetic
from policy.sampler import sample
from policy.subtrees import ROOT
from replay import Replay

Going = Sequence[tuple[TaskGroup, Episode]]
"""Episodes that are to be edited, and the groups that they are of."""


class Behaviour:
    """Draws first programs and edits; `version` is that of its weights, 0 before there are any."""

    def __init__(self, settings: ActorSettings, replay: Replay, generator: torch.Generator) -> None:
        self._settings, self._config, self._replay = settings, settings.actors, replay
        self._generator = generator
        self._policy = self._config.prepared(Policy(settings.model).eval())
        self._polled = float("-inf")
        self.version = 0

    @property
    def arithmetic(self) -> str:
        """What it samples in: see `policy.precision.arithmetic`."""
        return arithmetic(self._policy)

    def refresh(self) -> None:
        """Take newer weights, if there are some and it is time to ask."""
        if time.monotonic() - self._polled < self._config.weights_poll_seconds:
            return
        newer = self._replay.weights.fetch(self.version)
        self._polled = time.monotonic()
        if newer is not None:
            self.version, blob = newer
            self._policy.load_state_dict(load_tensors(blob))
            self._replay.counters.put({f"policy_version:{self._settings.name}": self.version})

    def judge(self, groups: Sequence[TaskGroup]) -> Judged | None:
        """Ask the Q-heads about programs that were run: see `judge_runs`."""
        return judge_runs(self._policy, groups, self._config.max_edits)

    def first_programs(self, groups: Sequence[TaskGroup]) -> list[Edit]:
        """Sample a whole program for each episode; a task is read once for all of its own."""
        samples = sample(
            self._policy,
            [group.drawn.spec for group in groups],
            self._config.samples_per_task,
            temperature=self._config.temperature,
            max_actions=self._config.max_actions,
            profile=PROFILES[self._config.profile],
            generator=self._generator,
        )
        return [Edit(one.task, ROOT, "", 0.0, one) for one in samples]

    def edits(self, going: Going, judged: Judged | None) -> list[Edit]:
        """Edit the last program of each episode."""
        return propose(
            self._policy,
            [group.drawn.task for group, _ in going],
            [episode.last.draft for _, episode in going],
            1,
            temperature=self._config.temperature,
            max_actions=self._config.max_actions,
            profile=PROFILES[self._config.profile],
            generator=self._generator,
            reading=None if judged is None else judged.of([episode for _, episode in going]),
        )
