"""Real servers for the actors' tests: Redis, the sandbox, an untrained policy, a few tasks."""

import threading
import uuid
from collections.abc import Callable, Iterator

import pytest
import torch
from pydantic import SecretStr
from safetensors.torch import save

from actors.config import ActorsConfig
from actors.rollout import RolloutActor
from actors.settings import ActorSettings
from policy.config import HRMConfig, ModelConfig
from policy.model import Policy
from replay import Replay, connect
from replay.config import ReplayConfig
from replay.embedded import EmbeddedRedis
from sandbox.config import SandboxConfig
from sandbox.local import Access, LocalServer
from tasks.config import TasksConfig

MODEL = ModelConfig(
    hrm=HRMConfig(width=16, heads=2, h_cycles=1, l_cycles=1, segments=1), max_actions=48
)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def sandbox() -> Iterator[LocalServer]:
    with LocalServer(SandboxConfig(slots=2)) as server:
        yield server


@pytest.fixture
def settings(redis_server: EmbeddedRedis, sandbox: LocalServer) -> ActorSettings:
    return ActorSettings(
        run=f"test-{uuid.uuid4().hex}",
        seed=3,
        actors=ActorsConfig(
            tasks_per_batch=4,
            samples_per_task=4,
            max_actions=MODEL.max_actions,
            weights_poll_seconds=0.05,
        ),
        tasks=TasksConfig(sources=("arithmetic",), per_family=4),
        model=MODEL,
        replay=ReplayConfig(url=SecretStr(redis_server.url)),
        sandbox=Access(sandbox.target),
    )


@pytest.fixture
def replay(settings: ActorSettings) -> Iterator[Replay]:
    """The learner's side of the run."""
    opened = connect(settings.replay, settings.run)
    yield opened
    opened.close()


@pytest.fixture
def publish(replay: Replay) -> Callable[..., None]:
    """`publish(version)`: weights as they are before any training, to this run or another."""

    def publish_version(version: int, to: Replay = replay, model: ModelConfig = MODEL) -> None:
        torch.manual_seed(version)
        weights = {name: value.contiguous() for name, value in Policy(model).state_dict().items()}
        to.weights.publish(version, save(weights))

    return publish_version


@pytest.fixture
def roll_out() -> Iterator[Callable[[ActorSettings], threading.Event]]:
    """`stop = roll_out(settings)`: an actor in a thread; its errors fail the test."""
    running: list[tuple[threading.Thread, threading.Event]] = []
    errors: list[BaseException] = []

    def start(settings: ActorSettings) -> threading.Event:
        stop = threading.Event()
        actor = RolloutActor(settings, stop)

        def run() -> None:
            try:
                actor.run()
            except BaseException as error:
                errors.append(error)
                raise

        thread = threading.Thread(target=run)
        thread.start()
        running.append((thread, stop))
        return stop

    yield start
    for thread, stop in running:
        stop.set()
        thread.join(30)
        assert not thread.is_alive(), "an actor did not stop"
    assert errors == []
