"""The pool's bookkeeping, on actors that end when the test says so."""

import time

import pytest

from actors.config import ActorsConfig, RoleConfig
from actors.handle import ActorsFailed, Handle
from actors.pool import Pool, PoolState
from actors.settings import ActorSettings
from policy.config import ModelConfig
from replay.config import ReplayConfig
from sandbox.local import Access
from tasks.config import TasksConfig


class ToldHandle(Handle):
    """An actor that runs until told how it ended."""

    def __init__(self, settings: ActorSettings) -> None:
        self.settings = settings
        self.end: str | None = None
        self.calls: list[str] = []

    def ended(self) -> str | None:
        return self.end

    def ask_to_stop(self) -> None:
        self.calls.append("asked")

    def join(self, timeout_seconds: float) -> None:
        self.calls.append("joined")


class ToldPool(Pool):
    def __init__(self, settings: ActorSettings) -> None:
        super().__init__(settings)
        self.launched: list[ToldHandle] = []

    def _launch(self, settings: ActorSettings) -> Handle:
        self.launched.append(ToldHandle(settings))
        return self.launched[-1]


def pool(**config: object) -> ToldPool:
    made = ToldPool(
        ActorSettings(
            run="run",
            seed=1,
            actors=ActorsConfig.model_validate(config),
            tasks=TasksConfig(),
            model=ModelConfig(),
            replay=ReplayConfig(),
            sandbox=Access("127.0.0.1:1", "secret"),
        )
    )
    made.start()
    return made


def test_a_dead_actor_is_replaced_and_counted() -> None:
    actors = pool(num_actors=3)
    assert actors.poll() == PoolState(alive=3, restarts=0)
    actors.launched[1].end = "was killed by SIGKILL"
    assert actors.poll() == PoolState(alive=3, restarts=1)
    assert actors.poll() == actors.state == PoolState(alive=3, restarts=1)
    again = actors.launched[3].settings
    assert (again.name, again.start) == ("actor-1", 1), "its name stays, its random stream does not"


def test_actors_that_keep_dying_end_the_run_with_the_reason() -> None:
    actors = pool(num_actors=1, max_restarts=2)
    for _ in range(2):
        actors.launched[-1].end = "ended with status 1"
        actors.poll()
    actors.launched[-1].end = "ended with status 1 (ValueError: what is wrong)"
    with pytest.raises(ActorsFailed, match=r"actor-0 ended .*what is wrong.*actors\.max_restarts"):
        actors.poll()
    assert len(actors.launched) == 3


def test_old_restarts_are_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    actors = pool(num_actors=1, max_restarts=1)
    start = time.monotonic()
    for hours in range(5):
        monkeypatch.setattr(time, "monotonic", lambda now=start + 3600 * hours: now)
        actors.launched[-1].end = "was killed by SIGKILL"
        actors.poll()
    assert actors.state.restarts == 5


def test_all_are_asked_before_any_is_waited_for() -> None:
    actors = pool(num_actors=2)
    calls: list[str] = []
    for handle in actors.launched:
        handle.calls = calls
    actors.stop()
    assert calls == ["asked", "asked", "joined", "joined"]
    assert actors.state.alive == 0


def test_roles_are_dealt_in_turn() -> None:
    actors = pool(
        num_actors=3,
        temperature=0.9,
        roles=(RoleConfig(temperature=1.4, stages=("loops",)), RoleConfig(profile="python")),
    )
    seen = [handle.settings.actors for handle in actors.launched]
    assert [one.temperature for one in seen] == [1.4, 0.9, 1.4]
    assert [one.profile for one in seen] == ["core", "python", "core"]
    assert [one.stages for one in seen] == [("loops",), (), ("loops",)]


def test_settings_show_no_secret() -> None:
    assert "secret" not in repr(pool(num_actors=1).launched[0].settings)
