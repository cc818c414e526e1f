"""The rollout actor: sample programs, have them run, edit what failed, write what happened.

    actor = RolloutActor(settings, stop)
    actor.run()                       # while not stop.is_set(): step()

While the sandbox runs one batch the next is sampled: the first programs of new tasks, or edits of a
batch's episodes that are not over. The actor rides out a sandbox and a Redis that are away for a
while; it may be killed at any time: what it had not written is sampled again by another.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from safetensors.torch import load as load_tensors

from actors.episodes import Episode, TaskGroup, Turn
from actors.judging import Judged, judge_runs
from actors.runs import Run, Runs
from actors.settings import ActorSettings
from actors.tasks import TaskSource
from actors.trajectories import Origin, Outcome, judge
from evaluation.feedback import feedback, visible_program
from evaluation.programs import program_for
from policy.decoding import set_decoding
from policy.edits import Edit, propose
from policy.grammar import PROFILES
from policy.model import Policy
from policy.precision import at_precision
from policy.sampler import sample
from policy.subtrees import ROOT
from replay import ReplayFull, Timings, Trajectory, connect
from replay.stats import Counters
from sandbox.types import Program, Result, Verdict
from tasks.schema import Task

log = logging.getLogger(__name__)

_IDLE_PAUSE_SECONDS = 0.05
# Room in the replay is waited for in short turns, so that an actor can be stopped meanwhile.
_APPEND_TURN_SECONDS = 1.0
_UNKNOWN = (Verdict.INTERNAL, Verdict.REFUSED)


@dataclass(frozen=True, slots=True)
class _Proposal:
    """An edit whose program the sandbox runs now."""

    group: TaskGroup
    episode: Episode
    edit: Edit
    name: str
    """Of its program's run on the hidden tests; equal sources of a task share one."""
    shown: str | None
    """Of the run on the visible examples, where that is looked at."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Groups that began together, and the edits of their episodes that run now."""

    groups: list[TaskGroup]
    proposals: list[_Proposal]
    run: Run
    policy_version: int
    sample_seconds: float
    """Of all edits so far."""
    began: float


class RolloutActor:
    """One actor; it knows neither Ray nor the process that it runs in.

    Raises:
        ValueError: the config can't work (unknown profile, a limit above the model's, no tasks).
        RedisUnavailable: the replay does not answer.

    """

    def __init__(self, settings: ActorSettings, stop: threading.Event) -> None:
        config = settings.actors
        if config.profile not in PROFILES:
            known = ", ".join(sorted(PROFILES))
            raise ValueError(f"actors.profile: unknown profile {config.profile!r}, of {known}")
        if config.max_actions > settings.model.max_actions:
            raise ValueError(
                f"actors.max_actions ({config.max_actions}) is above model.max_actions "
                f"({settings.model.max_actions})"
            )
        torch.set_num_threads(config.torch_threads)
        self._settings, self._config, self._stop = settings, config, stop
        stream = f"{settings.seed}/{settings.index}/{settings.start}"
        rng, self._chance = random.Random(stream), random.Random(f"{stream}/edits")
        self._generator = torch.Generator().manual_seed(rng.getrandbits(63))
        self._tasks = TaskSource(settings, rng)
        self._policy = at_precision(Policy(settings.model).eval(), config.precision)
        set_decoding(self._policy, config.decoding)
        self._policy_version = 0
        self._polled = float("-inf")
        self._in_flight: deque[_Batch] = deque()
        self._counts: defaultdict[str, float] = defaultdict(float)
        turn = min(_APPEND_TURN_SECONDS, settings.replay.append_timeout_seconds)
        self._replay = connect(
            settings.replay.model_copy(update={"append_timeout_seconds": turn}), settings.run
        )
        # What a restarted actor goes on with, as does the run when it is resumed.
        self._progress = Counters(
            self._replay.connection, settings.run, f"curriculum-{settings.name}"
        )
        self._tasks.restore(self._progress.read())
        self._runs = Runs(
            settings.sandbox.client(config.sandbox_timeout_seconds),
            stop,
            config.sandbox_longest_pause_seconds,
        )

    def run(self) -> None:
        """Roll out until told to stop; then finish what is in the sandbox."""
        try:
            while not self._stop.is_set():
                self.step()
            while self._in_flight:
                self._finish(self._in_flight.popleft())
        finally:
            self.close()

    def step(self) -> None:
        """Do what is due: finish a batch, or start one, or wait a moment."""
        waiting = self._in_flight
        if waiting and (waiting[0].run.future.done() or len(waiting) >= self._config.in_flight):
            self._finish(waiting.popleft())
        elif self._may_start():
            self._start()
        elif waiting:
            self._finish(waiting.popleft())
        else:
            self._stop.wait(_IDLE_PAUSE_SECONDS)
            self._replay.counters.add({"wait_seconds": _IDLE_PAUSE_SECONDS})

    def close(self) -> None:
        """Close the connections."""
        self._runs.close()
        self._replay.close()

    def _may_start(self) -> bool:
        """Whether there are weights, and the learner is not too far behind."""
        self._refresh_weights()
        if self._policy_version == 0:
            return False
        reader = self._replay.reader
        return reader.depth() + reader.leased() < self._config.max_ahead

    def _refresh_weights(self) -> None:
        if time.monotonic() - self._polled < self._config.weights_poll_seconds:
            return
        newer = self._replay.weights.fetch(self._policy_version)
        self._polled = time.monotonic()
        if newer is not None:
            version, blob = newer
            self._policy.load_state_dict(load_tensors(blob))
            self._policy_version = version
            self._replay.counters.put({f"policy_version:{self._settings.name}": version})

    def _start(self) -> None:
        """Begin episodes of new tasks; nothing where no task could be drawn."""
        drawn = self._tasks.draw(self._config.tasks_per_batch)
        episodes = range(self._config.samples_per_task)
        groups = [TaskGroup(one, [Episode() for _ in episodes]) for one in drawn]
        if groups:
            self._submit(groups, 0.0, time.monotonic())

    def _submit(self, groups: list[TaskGroup], sample_seconds: float, began: float) -> bool:
        """Edit what is not over, and hand it to the sandbox; False where all is over."""
        start = time.monotonic()
        judged = judge_runs(self._policy, groups, self._config.max_edits)
        going = [
            (group, episode)
            for group in groups
            for episode in group.episodes
            if not episode.turns or self._goes_on(episode)
        ]
        if not going:
            return False
        edits = self._edits(going, judged) if going[0][1].turns else self._first_programs(groups)
        seconds = time.monotonic() - start
        proposals, programs = self._proposals(going, edits)
        version = self._policy_version
        run = self._runs.submit(programs)
        self._in_flight.append(
            _Batch(groups, proposals, run, version, sample_seconds + seconds, began)
        )
        self._tally({"sample_seconds": seconds})
        return True

    def _goes_on(self, episode: Episode) -> bool:
        config, act = self._config, self._settings.model.hrm.act
        explores = self._chance.random() < config.edit_exploration
        return episode.goes_on(config.max_edits, act, explores=explores)

    def _first_programs(self, groups: Sequence[TaskGroup]) -> list[Edit]:
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

    def _edits(
        self, going: Sequence[tuple[TaskGroup, Episode]], judged: Judged | None
    ) -> list[Edit]:
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

    def _proposals(
        self, going: Sequence[tuple[TaskGroup, Episode]], edits: Sequence[Edit]
    ) -> tuple[list[_Proposal], list[Program]]:
        """Name the runs of edits; equal sources of a task run once."""
        batch = uuid.uuid4().hex
        programs: dict[tuple[str, str], list[Program]] = {}
        proposals: list[_Proposal] = []
        for (group, episode), edit in zip(going, edits, strict=True):
            key = (group.drawn.task.id, edit.sample.source)
            if key not in programs:
                programs[key] = self._programs(group, edit, f"{batch}/{len(programs)}")
            hidden, *shown = programs[key]
            name = shown[0].id if shown else None
            proposals.append(_Proposal(group, episode, edit, hidden.id, name))
        return proposals, [one for found in programs.values() for one in found]

    def _programs(self, group: TaskGroup, edit: Edit, name: str) -> list[Program]:
        """The run on the hidden tests and, where it is read, that on the visible examples."""
        task, source = group.drawn.task, edit.sample.source
        hidden = program_for(task, source, name, self._config.limits)
        read = self._config.max_edits > 1 or self._settings.model.judges_drafts
        if not read or not task.examples:
            return [hidden]
        return [hidden, visible_program(task, source, f"{name}/shown", self._config.limits)]

    def _finish(self, batch: _Batch) -> None:
        """Wait for a batch's results; go on with its episodes, or write their trajectories."""
        began = time.monotonic()
        results = self._runs.results(batch.run)
        self._tally(
            {
                "programs": len(batch.proposals),
                "executed": len({one.name for one in batch.proposals}),
                "wait_seconds": time.monotonic() - began,
            }
        )
        if results is None:
            episodes = sum(len(group.episodes) for group in batch.groups)
            self._tally({"dropped:stopped": episodes})
        else:
            self._record(batch, {result.id: result for result in results})
            self._refresh_weights()
            stopped = self._stop.is_set()
            if stopped or not self._submit(batch.groups, batch.sample_seconds, batch.began):
                self._store(batch)
        self._replay.counters.add(self._counts)
        self._counts.clear()

    def _record(self, batch: _Batch, results: Mapping[str, Result]) -> None:
        """Add what became of each edit to its episode."""
        for one in batch.proposals:
            result = results[one.name]
            shown = None if one.shown is None else results[one.shown]
            one.episode.lost = any(
                run is not None and run.verdict in _UNKNOWN for run in (result, shown)
            )
            said = (
                () if one.episode.lost or shown is None else feedback(one.group.drawn.task, shown)
            )
            one.episode.turns.append(Turn(one.edit, batch.policy_version, result, said))

    def _store(self, batch: _Batch) -> None:
        """Judge a batch, write its trajectories, tell the curriculum."""
        timings = Timings(
            sample_seconds=batch.sample_seconds,
            sandbox_seconds=time.monotonic() - batch.began - batch.sample_seconds,
        )
        origin = Origin(self._settings.run, self._settings.name, self._config, timings)
        outcomes = [judge(group, origin) for group in batch.groups]
        self._write([one for outcome in outcomes for one in outcome.trajectories])
        for group, outcome in zip(batch.groups, outcomes, strict=True):
            self._count(group.drawn.task, outcome)
        self._progress.put(self._tasks.changes())

    def _write(self, trajectories: Sequence[Trajectory]) -> None:
        """Store trajectories, waiting for room until told to stop."""
        while True:
            try:
                self._replay.writer.append_all(trajectories)
            except ReplayFull:
                if self._stop.is_set():
                    self._tally({"dropped:stopped": len(trajectories)})
                    return
            else:
                self._tally({"trajectories": len(trajectories)})
                return

    def _tally(self, amounts: Mapping[str, float]) -> None:
        for name, amount in amounts.items():
            self._counts[name] += amount

    def _count(self, task: Task, outcome: Outcome) -> None:
        known = len(outcome.trajectories)
        self._tasks.record(task, known, outcome.solved)
        self._tally(
            {
                "dropped:internal": outcome.dropped,
                f"stage_samples:{task.stage}": known,
                f"stage_solved:{task.stage}": outcome.solved,
                **{f"verdicts:{name}": count for name, count in outcome.verdicts.items()},
                **{f"edits:{number}": count for number, count in outcome.edits.items()},
                **{f"solved_at:{number}": count for number, count in outcome.solved_at.items()},
            }
        )
