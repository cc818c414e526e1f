"""The rollout actor: sample programs, have them run, write what happened to the replay.

    actor = RolloutActor(settings, stop)
    actor.run()                       # while not stop.is_set(): step()

While the sandbox runs one batch the next is sampled. The actor rides out a sandbox and a Redis that
are away for a while; it may be killed at any time: what it had not written is sampled again by
another.
"""

from __future__ import annotations

import concurrent.futures
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

from actors.settings import ActorSettings
from actors.tasks import Drawn, TaskSource
from actors.trajectories import Origin, Outcome, TaskGroup, judge
from evaluation.programs import program_for
from policy.grammar import PROFILES
from policy.model import Policy
from policy.sampler import Sample, sample
from replay import ReplayFull, Timings, Trajectory, connect
from replay.stats import Counters
from sandbox.errors import SandboxUnavailable
from sandbox.types import Limits, Program, Result

log = logging.getLogger(__name__)

_IDLE_PAUSE_SECONDS = 0.05
_FIRST_SANDBOX_PAUSE_SECONDS = 0.2
# How long a stopping actor still waits for what the sandbox is running.
_GRACE_SECONDS = 10.0
# Room in the replay is waited for in short turns, so that an actor can be stopped meanwhile.
_APPEND_TURN_SECONDS = 1.0


@dataclass(slots=True)
class _Batch:
    """Samples whose programs the sandbox runs now."""

    groups: list[TaskGroup]
    programs: list[Program]
    policy_version: int
    sample_seconds: float
    submitted: float
    future: concurrent.futures.Future[list[Result]]


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
        rng = random.Random(f"{settings.seed}/{settings.index}/{settings.start}")
        self._generator = torch.Generator().manual_seed(rng.getrandbits(63))
        self._tasks = TaskSource(settings, rng)
        self._policy = Policy(settings.model).eval()
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
        self._sandbox = settings.sandbox.client(config.sandbox_timeout_seconds)

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
        if waiting and (waiting[0].future.done() or len(waiting) >= self._config.in_flight):
            self._finish(waiting.popleft())
        elif self._may_start():
            batch = self._start()
            if batch is not None:
                waiting.append(batch)
        elif waiting:
            self._finish(waiting.popleft())
        else:
            self._stop.wait(_IDLE_PAUSE_SECONDS)
            self._replay.counters.add({"wait_seconds": _IDLE_PAUSE_SECONDS})

    def close(self) -> None:
        """Close the connections."""
        self._sandbox.close()
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

    def _start(self) -> _Batch | None:
        """Sample one batch and hand it to the sandbox; None when no task could be drawn."""
        config = self._config
        drawn = self._tasks.draw(config.tasks_per_batch)
        if not drawn:
            return None
        began = time.monotonic()
        samples = sample(
            self._policy,
            [one.spec for one in drawn],
            config.samples_per_task,
            temperature=config.temperature,
            max_actions=config.max_actions,
            profile=PROFILES[config.profile],
            generator=self._generator,
        )
        seconds = time.monotonic() - began
        groups, programs = self._groups(drawn, samples)
        return _Batch(
            groups=groups,
            programs=programs,
            policy_version=self._policy_version,
            sample_seconds=seconds,
            submitted=time.monotonic(),
            future=self._sandbox.submit(programs),
        )

    def _groups(
        self, drawn: Sequence[Drawn], samples: Sequence[Sample]
    ) -> tuple[list[TaskGroup], list[Program]]:
        """Group samples by task; equal sources of a task run once."""
        limits = Limits(
            cpu_seconds=self._config.cpu_seconds, memory_bytes=self._config.memory_bytes
        )
        batch = uuid.uuid4().hex
        programs: list[Program] = []
        groups: list[TaskGroup] = []
        k = self._config.samples_per_task
        for index, one in enumerate(drawn):
            members = samples[index * k : (index + 1) * k]
            names: dict[str, str] = {}
            for member in members:
                if member.source not in names:
                    name = names[member.source] = f"{batch}/{len(programs)}"
                    programs.append(program_for(one.task, member.source, name, limits))
            groups.append(
                TaskGroup(one.task, one.task_json, members, [names[m.source] for m in members])
            )
        return groups, programs

    def _finish(self, batch: _Batch) -> None:
        """Wait for a batch's results and write its trajectories."""
        began = time.monotonic()
        results = self._results(batch)
        samples = sum(len(group.samples) for group in batch.groups)
        self._tally(
            {
                "programs": samples,
                "executed": len(batch.programs),
                "sample_seconds": batch.sample_seconds,
                "wait_seconds": time.monotonic() - began,
            }
        )
        if results is None:
            self._tally({"dropped:stopped": samples})
        else:
            self._store(batch, results)
        self._replay.counters.add(self._counts)
        self._counts.clear()

    def _store(self, batch: _Batch, results: Sequence[Result]) -> None:
        """Judge a batch, write its trajectories, tell the curriculum."""
        timings = Timings(
            sample_seconds=batch.sample_seconds,
            sandbox_seconds=time.monotonic() - batch.submitted,
        )
        name, run = self._settings.name, self._settings.run
        origin = Origin(run, name, batch.policy_version, self._config, timings)
        named = {result.id: result for result in results}
        outcomes = [judge(group, named, origin) for group in batch.groups]
        self._write([one for outcome in outcomes for one in outcome.trajectories])
        for group, outcome in zip(batch.groups, outcomes, strict=True):
            self._count(group, outcome)
        self._progress.put(self._tasks.changes())

    def _results(self, batch: _Batch) -> list[Result] | None:
        """Wait for the sandbox, however long it is away; None when stopped meanwhile."""
        pause = _FIRST_SANDBOX_PAUSE_SECONDS
        away = False
        while self._wait(batch.future):
            try:
                results = batch.future.result()
            except SandboxUnavailable as error:
                if not away:
                    log.warning("the sandbox is away, waiting for it: %s", error)
                away = True
                if self._stop.wait(pause):
                    return None
                pause = min(2 * pause, self._config.sandbox_longest_pause_seconds)
                self._submit_again([batch, *self._in_flight])
            else:
                if away:
                    log.warning("the sandbox is back")
                return results
        return None

    def _submit_again(self, batches: Sequence[_Batch]) -> None:
        """Send what failed: an outage fails all that is in flight, and is said once."""
        for batch in batches:
            if batch.future.done() and batch.future.exception() is not None:
                batch.future = self._sandbox.submit(batch.programs)

    def _wait(self, future: concurrent.futures.Future[list[Result]]) -> bool:
        """Wait until it is done; False when stopped and the grace is over."""
        stopped_for = 0.0
        while stopped_for < _GRACE_SECONDS:
            done, _ = concurrent.futures.wait([future], timeout=0.1)
            if done:
                return True
            stopped_for += 0.1 if self._stop.is_set() else 0.0
        future.cancel()
        return False

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

    def _count(self, group: TaskGroup, outcome: Outcome) -> None:
        known = len(outcome.trajectories)
        self._tasks.record(group.task, known, outcome.solved)
        self._tally(
            {
                "dropped:internal": outcome.dropped,
                f"stage_samples:{group.task.stage}": known,
                f"stage_solved:{group.task.stage}": outcome.solved,
                **{f"verdicts:{name}": count for name, count in outcome.verdicts.items()},
            }
        )
