"""A real Redis for the tests of this folder; each test takes a run name of its own."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from replay import Replay, connect
from replay.config import ReplayConfig
from replay.embedded import EmbeddedRedis

Connect = Callable[..., Replay]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def run() -> str:
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def open_replay(server: EmbeddedRedis, run: str) -> Iterator[Connect]:
    """`open_replay(max_entries=2, …)`: another client of this test's run."""
    opened: list[Replay] = []

    def open_one(**settings: object) -> Replay:
        config = ReplayConfig.model_validate({"url": SecretStr(server.url), **settings})
        opened.append(connect(config, run))
        return opened[-1]

    yield open_one
    for replay in opened:
        replay.close()
