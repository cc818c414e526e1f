"""The one clear line when Redis can't be used."""

import socket
import time

import pytest
import redis
from pydantic import SecretStr

from replay import RedisUnavailable, connect
from replay.config import ReplayConfig
from replay.embedded import EmbeddedRedis


def config(url: str, **settings: float) -> ReplayConfig:
    return ReplayConfig.model_validate(
        {"url": SecretStr(url), "connect_timeout_seconds": 0.3, **settings}
    )


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(RedisUnavailable) as failed:
        connect(config(f"redis://me:secret@127.0.0.1:{port}/0"), "run")
    assert time.monotonic() - started < 2
    line = str(failed.value)
    assert f"redis://127.0.0.1:{port}/0 did not answer for 0.3 s" in line
    assert "secret" not in line
    assert "\n" not in line


def test_no_url_at_all() -> None:
    with pytest.raises(RedisUnavailable, match="is no Redis URL"):
        connect(config("http://example.org"), "run")
    with pytest.raises(ValueError, match=r"replay\.url is null"):
        connect(ReplayConfig(), "run")


def test_a_server_that_would_evict_trajectories_is_refused(server: EmbeddedRedis) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            connect(config(server.url), "run").close()  # no limit: nothing is evicted
            client.config_set("maxmemory", "1gb")
            with pytest.raises(RedisUnavailable, match="maxmemory-policy allkeys-lru"):
                connect(config(server.url), "run")
        finally:
            client.config_set("maxmemory", "0")
            client.config_set("maxmemory-policy", "noeviction")


def test_gives_up_on_a_server_that_does_not_come_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        replay = connect(config(server.url, reconnect_timeout_seconds=0.5), "run")
        assert replay.reader.depth() == 0
    started = time.monotonic()
    with pytest.raises(RedisUnavailable, match=r"did not answer for 0\.5 s"):
        replay.reader.depth()
    assert time.monotonic() - started < 2
    replay.close()
