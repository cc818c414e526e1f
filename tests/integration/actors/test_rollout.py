"""One actor against a real Redis and a real sandbox."""

import ast
import contextlib
import dataclasses
import itertools
import json
import logging
import os
import signal
import socket
import statistics
import threading
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

import pytest
import torch
from pydantic import SecretStr
from safetensors.torch import save

from actors.rollout import RolloutActor
from actors.settings import ActorSettings
from learner.batch import collate
from learner.rollouts import RolloutRows, read_feedback
from learner.step import run_policy
from policy.config import Precision
from policy.drafts import Draft
from policy.grammar import GRAMMAR
from policy.judging import judge, read
from policy.model import Policy
from policy.sampler import source_text
from policy.spec import encode
from policy.subtrees import first_action, subtrees
from replay import Replay, Trajectory, connect
from replay.embedded import EmbeddedRedis
from sandbox.local import Access, LocalServer
from sandbox.types import Verdict
from tasks.schema import Task
from tests.pretended_gpu import pretended_gpu

Publish = Callable[..., None]
RollOut = Callable[[ActorSettings], threading.Event]


def with_actors(settings: ActorSettings, **changes: object) -> ActorSettings:
    return dataclasses.replace(settings, actors=settings.actors.model_copy(update=changes))


def take(replay: Replay, count: int, seconds: float = 120) -> list[Trajectory]:
    """Lease and acknowledge until there are `count`, as a learner does."""
    taken: list[Trajectory] = []
    deadline = time.monotonic() + seconds
    while len(taken) < count:
        assert time.monotonic() < deadline, f"{len(taken)} of {count} trajectories"
        leased = replay.reader.lease(count - len(taken), timeout_seconds=1)
        replay.reader.acknowledge([one.entry_id for one in leased])
        taken += [one.trajectory for one in leased]
    return taken


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def test_trajectories_are_whole_and_agree_with_themselves(
    settings: ActorSettings, replay: Replay, publish: Publish, roll_out: RollOut
) -> None:
    publish(1)
    roll_out(settings)
    taken = take(replay, 64)
    groups: dict[str, list[Trajectory]] = defaultdict(list)
    for one in taken:
        (edit,) = one.edits
        task = Task.from_json(json.loads(one.task_json))
        assert (one.run, one.actor) == (settings.run, "actor-0")
        assert (one.profile, one.max_actions, one.temperature) == ("core", 48, 1.0)
        assert one.grammar_version == GRAMMAR.version
        assert edit.policy_version == 1
        assert 0 < len(edit.actions) == len(edit.behaviour_logprobs) <= 48
        assert all(logprob <= 0 for logprob in edit.behaviour_logprobs)
        spec = encode(task, settings.model.spec)
        assert source_text(spec, list(edit.actions)) == edit.source
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):  # `1 is 2`
            compile(edit.source, "sampled", "exec")
        assert isinstance(ast.parse(edit.source).body[0], ast.FunctionDef)
        assert Verdict(edit.verdict) not in (Verdict.INTERNAL, Verdict.COMPILE_ERROR)
        assert 0 <= edit.tests_passed <= edit.tests_total == len(task.tests)
        assert (edit.verdict == "PASSED") == (edit.tests_passed == edit.tests_total)
        assert edit.cpu_seconds > 0
        parts = one.reward
        assert parts.total == pytest.approx(
            parts.tests + parts.solved_bonus + parts.compile_penalty
            + parts.runtime_penalty + parts.timeout_penalty + parts.size_penalty
        )  # fmt: skip
        assert parts.tests == pytest.approx(edit.tests_passed / edit.tests_total)
        assert one.timings.sample_seconds > 0
        groups[one.group.id].append(one)
    assert len({one.id for one in taken}) == 64
    for members in groups.values():
        totals = [one.reward.total for one in members]
        assert len({one.task_json for one in members}) == 1
        assert len(members) == members[0].group.size == 4
        assert members[0].group.reward_mean == pytest.approx(statistics.fmean(totals))
        assert members[0].group.reward_std == pytest.approx(statistics.pstdev(totals))


def test_in_bfloat16_log_probs_are_those_of_that_network(
    settings: ActorSettings, replay: Replay, publish: Publish, roll_out: RollOut
) -> None:
    publish(1)
    roll_out(with_actors(settings, precision="bfloat16"))
    rows = RolloutRows(settings.model.spec).rows(take(replay, 32))
    torch.manual_seed(1)  # the weights that were published
    policy = Policy(settings.model)
    [shard] = collate([edits[0] for edits in rows])

    def distance(precision: Precision) -> float:
        with torch.no_grad():
            [found] = run_policy(policy, shard, precision=precision, averaged=policy)
        logits = found.logits[-1][found.drawn].masked_fill(~found.mask, -torch.inf)
        said = logits.log_softmax(-1).gather(1, found.actions[found.drawn][:, None])[:, 0]
        return float((said - found.behaviour_logprobs[found.drawn]).abs().mean())

    assert distance("bfloat16") < 0.5 * distance("float32") < 0.01


def refining(settings: ActorSettings) -> ActorSettings:
    """Episodes of up to three programs, which go on until the visible examples pass."""
    core = settings.model.hrm.model_copy(update={"act": "off"})
    model = settings.model.model_copy(update={"refine": True, "hrm": core})
    return dataclasses.replace(with_actors(settings, max_edits=3), model=model)


def test_what_fails_is_edited_and_run_again(
    settings: ActorSettings, replay: Replay, publish: Publish, roll_out: RollOut
) -> None:
    settings = refining(settings)
    publish(1, model=settings.model)
    roll_out(settings)
    taken = take(replay, 48)
    assert max(len(one.edits) for one in taken) == 3
    groups = Counter(one.group.id for one in taken)
    assert set(groups.values()) == {4}
    for one in taken:
        task = Task.from_json(json.loads(one.task_json))
        root = encode(task, settings.model.spec).root
        for at, edit in enumerate(one.edits):
            assert len(edit.feedback) == len(task.examples)
            passed = all(said.verdict == "PASSED" for said in edit.feedback)
            assert passed or len(one.edits) == 3 or at + 1 < len(one.edits)
            if edit.verdict == "PASSED":
                assert at + 1 == len(one.edits)
        for before, edit in itertools.pairwise(one.edits):
            tree = subtrees(tuple(before.actions), root)
            begin = first_action(tree.node(edit.node_pointer))
            assert edit.actions[:begin] == before.actions[:begin]
            drawn = edit.drawn or range(len(edit.actions))
            assert min(drawn) >= begin
            assert len(edit.behaviour_logprobs) == len(drawn)
            assert edit.pointer_logprob <= 0
    rows = RolloutRows(settings.model.spec).rows(taken)
    assert [len(edits) for edits in rows] == [len(one.edits) for one in taken]
    counters = replay.counters.read()
    assert counters["edits:1"] >= counters["edits:2"] >= counters["edits:3"] > 0
    assert counters["programs"] >= sum(len(one.edits) for one in taken)


def test_the_q_heads_judge_what_was_run_and_the_verdict_is_told(
    settings: ActorSettings, replay: Replay, roll_out: RollOut
) -> None:
    settings = refining(settings)
    core = settings.model.hrm.model_copy(update={"q_position": "draft", "act": "halt_continue"})
    settings = dataclasses.replace(settings, model=settings.model.model_copy(update={"hrm": core}))
    torch.manual_seed(2)
    policy = Policy(settings.model).eval()
    torch.nn.init.normal_(policy.hrm.q_head.weight)
    weights = {name: value.contiguous() for name, value in policy.state_dict().items()}
    replay.weights.publish(1, save(weights))
    roll_out(settings)
    ended = 0
    for one in take(replay, 32):
        task = Task.from_json(json.loads(one.task_json))
        drafts = [Draft(tuple(edit.actions), read_feedback(edit.feedback)) for edit in one.edits]
        values = judge(policy, read(policy, [task] * len(drafts), drafts))
        *before, last = zip(one.edits, values, strict=True)
        for edit, q in before:
            assert q.halt <= q.go_on
            assert (edit.q_halt, edit.q_continue) == pytest.approx(q, abs=1e-4)
        edit, q = last
        asked = len(before) < 2 and any(said.verdict != "PASSED" for said in edit.feedback)
        ended += asked
        assert not asked or q.halt > q.go_on
        told = (edit.q_halt, edit.q_continue)
        assert told == pytest.approx(q if asked else (0.0, 0.0), abs=1e-4)
    assert ended > 0, "halting before the last edit has been seen"


def test_equal_sources_of_a_task_run_once_and_the_counters_add_up(
    settings: ActorSettings, replay: Replay, publish: Publish
) -> None:
    publish(1)
    # Near zero temperature nearly all samples of a task are one program.
    settings = with_actors(settings, samples_per_task=16, temperature=0.0001, in_flight=1)
    stop = threading.Event()
    actor = RolloutActor(settings, stop)
    for _ in range(6):
        actor.step()
    stop.set()
    actor.run()
    stored = [one.trajectory for one in replay.reader.lease(10_000, 1)]
    ran = {(one.group.id, one.edits[0].source) for one in stored}
    counters = replay.counters.read()
    assert counters["programs"] == counters["trajectories"] == len(stored)
    assert counters["executed"] == len(ran) < len(stored) / 2
    verdicts = Counter(one.edits[0].verdict for one in stored)
    for name, count in verdicts.items():
        assert counters[f"verdicts:{name}"] == count
    assert counters["stage_samples:arithmetic"] == len(stored)
    assert counters["stage_solved:arithmetic"] == verdicts["PASSED"]
    assert counters["sample_seconds"] > 0


def test_an_actor_samples_on_a_gpu(
    settings: ActorSettings, replay: Replay, publish: Publish
) -> None:
    publish(1)
    there = {"device": "cuda", "precision": "float32", "decoding": "eager"}
    stop = threading.Event()
    with pretended_gpu():
        actor = RolloutActor(with_actors(settings, **there, in_flight=1, max_actions=16), stop)
        actor.step()
        stop.set()
        actor.run()
    assert len(replay.reader.lease(10_000, 1)) == 16
    assert replay.counters.read()["precision:float32"] == 16


def test_nothing_is_sampled_before_there_are_weights_and_newer_ones_are_taken(
    settings: ActorSettings, replay: Replay, publish: Publish, roll_out: RollOut
) -> None:
    roll_out(settings)
    assert replay.reader.lease(1, timeout_seconds=1) == []
    publish(3)
    assert {one.edits[0].policy_version for one in take(replay, 16)} == {3}
    publish(4)
    wait_for(lambda: take(replay, 16)[-1].edits[0].policy_version == 4)
    assert replay.counters.read()["policy_version:actor-0"] == 4


def test_an_actor_that_is_too_far_ahead_starts_nothing(
    settings: ActorSettings, replay: Replay, publish: Publish, roll_out: RollOut
) -> None:
    settings = with_actors(settings, max_ahead=20, in_flight=2)
    publish(1)
    roll_out(settings)
    wait_for(lambda: replay.reader.depth() >= 20)
    time.sleep(1)
    most = 20 + 2 * 16  # the two batches that were in flight when the limit was reached
    held = replay.reader.lease(10_000, 1)
    assert 20 <= len(held) <= most
    time.sleep(0.5)
    assert replay.reader.depth() == 0, "what the learner holds counts as well"
    replay.reader.acknowledge([one.entry_id for one in held])
    take(replay, 16)


def test_a_full_replay_delays_and_loses_nothing(
    settings: ActorSettings, replay: Replay, publish: Publish, roll_out: RollOut
) -> None:
    publish(1)
    small = settings.replay.model_copy(update={"max_entries": 5, "append_timeout_seconds": 0.2})
    stop = roll_out(dataclasses.replace(settings, replay=small))
    wait_for(lambda: replay.reader.depth() == 5)
    time.sleep(0.5)
    assert replay.reader.depth() == 5
    groups = Counter(one.group.id for one in take(replay, 64))
    assert list(groups.values()) == [4] * 16
    wait_for(lambda: replay.reader.depth() == 5)
    stop.set()  # while its writer waits: the fixture sees it end


class Forwarder:
    """A sandbox's address that can go away and come back."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.start()

    def start(self) -> None:
        self._up = True
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def stop(self) -> None:
        self._up = False
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for one in self._open:
            one.close()

    def come_back(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.start()

    def _accept(self) -> None:
        while self._up:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            self._open += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def forwarder(sandbox: LocalServer) -> Iterator[Forwarder]:
    made = Forwarder(sandbox.target)
    yield made
    made.stop()


def test_a_sandbox_that_is_away_is_waited_for_and_said_once(
    settings: ActorSettings,
    replay: Replay,
    publish: Publish,
    roll_out: RollOut,
    forwarder: Forwarder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Longer than a program may run: one that never ends is silence as well.
    settings = with_actors(settings, sandbox_timeout_seconds=3)
    settings = dataclasses.replace(settings, sandbox=Access(f"127.0.0.1:{forwarder.port}"))
    publish(1)
    roll_out(settings)
    take(replay, 16)
    with caplog.at_level(logging.WARNING, "actors.rollout"):
        forwarder.stop()
        wait_for(lambda: "the sandbox is away" in caplog.text)
        time.sleep(2)
        before = replay.counters.read()["programs"]
        forwarder.come_back()
        wait_for(lambda: replay.counters.read()["programs"] > before)
        wait_for(lambda: "the sandbox is back" in caplog.text)
    lines = [record.message for record in caplog.records if record.name == "actors.rollout"]
    assert len(lines) == 2, lines
    assert replay.counters.read().get("dropped:internal", 0) == 0


def test_a_killed_redis_loses_and_doubles_nothing(
    settings: ActorSettings,
    publish: Publish,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        mine = settings.replay.model_copy(update={"url": SecretStr(server.url)})
        settings = dataclasses.replace(settings, replay=mine)
        replay = connect(settings.replay, settings.run)
        publish(1, to=replay)
        stop = threading.Event()
        actor = RolloutActor(settings, stop)
        thread = threading.Thread(target=actor.run)
        thread.start()
        taken = take(replay, 32)
        for _ in range(3):
            os.kill(server.pid, signal.SIGKILL)
            taken += take(replay, 32)
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
        taken += [one.trajectory for one in replay.reader.lease(10_000, 0.1)]
        assert len({one.id for one in taken}) == len(taken)
        groups = Counter(one.group.id for one in taken)
        assert set(groups.values()) == {4}
        counters = replay.counters.read()
        assert counters["trajectories"] == len(taken)
        replay.close()
