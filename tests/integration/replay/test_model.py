"""Any interleaving of append, lease, acknowledge, reclaim and crash, against a model in Python."""

import os
import signal
import uuid

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr

from replay import Replay, ReplayFull, Trajectory, connect
from replay.config import ReplayConfig
from replay.embedded import EmbeddedRedis
from replay.metrics import read_state

CAPACITY = 5
MAX_BYTES = 1024
IDS = st.integers(0, 30).map(lambda number: f"t{number}")
SIZES = st.sampled_from([1, 50, 400, 900])


class BufferModel(RuleBasedStateMachine):
    """`waiting` and `held` are what the buffer must hold, in the order of their appends."""

    server: EmbeddedRedis

    @initialize()
    def start(self) -> None:
        self.run_name = f"model-{uuid.uuid4().hex}"
        self.waiting: dict[str, Trajectory] = {}
        self.held: dict[str, Trajectory] = {}
        self.order: list[str] = []
        self.appended = self.acknowledged = self.duplicates = self.reclaimed = 0
        self.clients = [self.connect(), self.connect()]

    def connect(self) -> Replay:
        config = ReplayConfig(
            url=SecretStr(self.server.url),
            max_entries=CAPACITY,
            max_bytes=MAX_BYTES,
            append_timeout_seconds=0.0001,
        )
        return connect(config, self.run_name)

    def fits(self, trajectory: Trajectory) -> bool:
        stored = [*self.waiting.values(), *self.held.values()]
        size = sum(len(one.SerializeToString()) for one in [*stored, trajectory])
        return len(stored) < CAPACITY and size <= MAX_BYTES

    @rule(client=st.integers(0, 1), batch=st.lists(st.tuples(IDS, SIZES), max_size=4))
    def append(self, client: int, batch: list[tuple[str, int]]) -> None:
        trajectories = [Trajectory(id=name, task_json="x" * size) for name, size in batch]
        expected: list[bool] = []
        for trajectory in trajectories:
            known = trajectory.id in self.order
            if not known and not self.fits(trajectory):
                break
            expected.append(not known)
            self.duplicates += known
            if not known:
                self.order.append(trajectory.id)
                self.waiting[trajectory.id] = trajectory
                self.appended += 1
        if len(expected) < len(trajectories):
            with pytest.raises(ReplayFull):
                self.clients[client].writer.append_all(trajectories)
        else:
            assert self.clients[client].writer.append_all(trajectories) == expected

    @rule(client=st.integers(0, 1), count=st.integers(1, 4))
    def lease(self, client: int, count: int) -> None:
        leased = self.clients[client].reader.lease(count, timeout_seconds=0)
        oldest = sorted(self.waiting, key=self.order.index)[:count]
        assert [one.entry_id for one in leased] == oldest
        for one in leased:
            assert one.trajectory == self.waiting[one.entry_id]
            self.held[one.entry_id] = self.waiting.pop(one.entry_id)

    @rule(client=st.integers(0, 1), names=st.lists(IDS, max_size=6, unique=True))
    def acknowledge(self, client: int, names: list[str]) -> None:
        count = len({*names} & {*self.waiting, *self.held})
        assert self.clients[client].reader.acknowledge(names) == count
        self.acknowledged += count
        for name in names:
            self.waiting.pop(name, None)
            self.held.pop(name, None)

    @rule(client=st.integers(0, 1))
    def acknowledge_what_is_held(self, client: int) -> None:
        self.acknowledge(client, list(self.held))

    @rule(client=st.integers(0, 1))
    def reclaim(self, client: int) -> None:
        assert self.clients[client].reader.reclaim(idle_seconds=0) == len(self.held)
        self.reclaimed += len(self.held)
        self.waiting.update(self.held)
        self.held.clear()

    @rule(client=st.integers(0, 1))
    def reclaim_nothing_fresh(self, client: int) -> None:
        assert self.clients[client].reader.reclaim(idle_seconds=3600) == 0

    @rule()
    def crash_the_server(self) -> None:
        info = self.clients[0].connection.call(lambda client, _: client.info("server"))
        os.kill(info["process_id"], signal.SIGKILL)

    @rule(client=st.integers(0, 1))
    def replace_a_client(self, client: int) -> None:
        self.clients[client].close()
        self.clients[client] = self.connect()

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        if not hasattr(self, "clients"):
            return
        state = read_state(self.clients[0].connection, self.run_name, 10)
        stored = [*self.waiting.values(), *self.held.values()]
        assert (state.depth, state.leased) == (len(self.waiting), len(self.held))
        assert state.bytes == sum(len(one.SerializeToString()) for one in stored)
        totals = {name: round(value) for name, value in state.totals.items()}
        assert totals["appended"] == self.appended
        assert totals["acknowledged"] == self.acknowledged
        assert totals["duplicates"] == self.duplicates
        assert totals["reclaimed"] == self.reclaimed

    def teardown(self) -> None:
        for client in getattr(self, "clients", []):
            client.close()


def test_every_interleaving_agrees_with_the_model(server: EmbeddedRedis) -> None:
    class OnThisServer(BufferModel):
        pass

    OnThisServer.server = server
    run_state_machine_as_test(
        OnThisServer,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
