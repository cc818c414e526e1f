"""The rollout actor: sample programs, have them run, edit what failed, write what happened.

    actor = RolloutActor(settings, stop)
    actor.run()                       # while not stop.is_set(): step()

While the sandbox runs one batch the next is sampled: the first programs of new tasks, or edits of a
batch's episodes that are not over. The actor rides out a sandbox and a Redis that are away for a
while; it may be killed at any time: what it had not written is sampled again by another.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from actors.behaviour import Behaviour
from actors.episodes import Episode, TaskGroup
from actors.proposals import Proposal, proposals
from actors.runs import Run, Runs
from actors.settings import ActorSettings
from actors.tasks import TaskSource
from actors.trajectories import Origin, Outcome, judge
from replay import ReplayFull, Timings, Trajectory, connect
from replay.stats import Counters
from tasks.schema import Task

_IDLE_PAUSE_SECONDS = 0.05
# Room in the replay is waited for in short turns, so that an actor can be stopped meanwhile.
_APPEND_TURN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Batch:
    """Groups that began together, and the edits of their episodes that run now."""

    groups: list[TaskGroup]
    proposals: list[Proposal]
    run: Run
    policy_version: int
    sample_seconds: float
    """Of all edits so far."""
    began: float


class RolloutActor:
    """One actor; it knows neither Ray nor the process that it runs in.

    Raises:
        ValueError: the config can't work (a limit above the model's, no tasks).
        RedisUnavailable: the replay does not answer.

    """

    def __init__(self, settings: ActorSettings, stop: threading.Event) -> None:
        config = settings.actors
        config.check_model(settings.model)
        torch.set_num_threads(config.torch_threads)
        self._settings, self._config, self._stop = settings, config, stop
        stream = f"{settings.seed}/{settings.index}/{settings.start}"
        rng, self._chance = random.Random(stream), random.Random(f"{stream}/edits")
        generator = torch.Generator().manual_seed(rng.getrandbits(63))
        self._tasks = TaskSource(settings, rng)
        self._in_flight: deque[_Batch] = deque()
        self._counts: defaultdict[str, float] = defaultdict(float)
        turn = min(_APPEND_TURN_SECONDS, settings.replay.append_timeout_seconds)
        self._replay = connect(
            settings.replay.model_copy(update={"append_timeout_seconds": turn}), settings.run
        )
        self._behaviour = Behaviour(settings, self._replay, generator)
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
        self._behaviour.refresh()
        if self._behaviour.version == 0:
            return False
        reader = self._replay.reader
        return reader.depth() + reader.leased() < self._config.max_ahead

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
        judged = self._behaviour.judge(groups)
        going = [
            (group, episode)
            for group in groups
            for episode in group.episodes
            if not episode.turns or self._goes_on(episode)
        ]
        if not going:
            return False
        if going[0][1].turns:
            edits = self._behaviour.edits(going, judged)
        else:
            edits = self._behaviour.first_programs(groups)
        seconds = time.monotonic() - start
        proposed, programs = proposals(
            going, edits, self._config.limits, examples=self._reads_examples
        )
        version, run = self._behaviour.version, self._runs.submit(programs)
        self._in_flight.append(
            _Batch(groups, proposed, run, version, sample_seconds + seconds, began)
        )
        self._tally({"sample_seconds": seconds})
        return True

    @property
    def _reads_examples(self) -> bool:
        return self._config.max_edits > 1 or self._settings.model.judges_drafts

    def _goes_on(self, episode: Episode) -> bool:
        config, act = self._config, self._settings.model.hrm.act
        explores = self._chance.random() < config.edit_exploration
        return episode.goes_on(config.max_edits, act, explores=explores)

    def _finish(self, batch: _Batch) -> None:
        """Wait for a batch's results; go on with its episodes, or write their trajectories."""
        began = time.monotonic()
        results = self._runs.results(batch.run)
        self._tally(
            {
                "programs": len(batch.proposals),
                f"precision:{self._behaviour.arithmetic}": len(batch.proposals),
                "executed": len({one.hidden for one in batch.proposals}),
                "wait_seconds": time.monotonic() - began,
            }
        )
        if results is None:
            episodes = sum(len(group.episodes) for group in batch.groups)
            self._tally({"dropped:stopped": episodes})
        else:
            found = {result.id: result for result in results}
            for proposal in batch.proposals:
                proposal.record(found, batch.policy_version)
            self._behaviour.refresh()
            stopped = self._stop.is_set()
            if stopped or not self._submit(batch.groups, batch.sample_seconds, batch.began):
                self._store(batch)
        self._replay.counters.add(self._counts)
        self._counts.clear()

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
