"""From a config to the parts of the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from replay.buffer import RedisReader, RedisWriter
from replay.config import ReplayConfig
from replay.connection import Connection
from replay.embedded import EmbeddedRedis
from replay.interface import Reader, Writer
from replay.stats import Counters
from replay.versions import WeightsStore


@dataclass(frozen=True, slots=True)
class Replay:
    """One process's view of a run's store."""

    writer: Writer
    reader: Reader
    weights: WeightsStore
    counters: Counters
    connection: Connection

    def close(self) -> None:
        """Close the sockets; what is stored stays."""
        self.connection.close()


def connect(config: ReplayConfig, run: str) -> Replay:
    """Connect to the store of `run` (runs on one server don't see each other).

    Raises:
        RedisUnavailable: the server does not answer, in one line.
        ValueError: the config names no server (`served` starts one).

    """
    if config.url is None:
        raise ValueError("replay.url is null: start a server with replay.store.served first")
    connection = Connection(
        config.url.get_secret_value(),
        config.connect_timeout_seconds,
        config.reconnect_timeout_seconds,
    )
    return Replay(
        writer=RedisWriter(connection, config, run),
        reader=RedisReader(connection, run),
        weights=WeightsStore(connection, run),
        counters=Counters(connection, run),
        connection=connection,
    )


@contextmanager
def served(config: ReplayConfig, directory: Path) -> Iterator[ReplayConfig]:
    """Yield the config with a server behind its URL: its own, or an embedded one on `directory`."""
    if config.url is not None:
        yield config
        return
    with EmbeddedRedis(directory) as server:
        yield config.model_copy(update={"url": SecretStr(server.url)})
