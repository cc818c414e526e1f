"""The `replay:` section of a config."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class ReplayConfig(BaseModel):
    """Where trajectories wait for the learner, and how many."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    url: SecretStr | None = None
    """Redis server, `redis://[:password@]host:port[/db]`, `rediss://` or `unix://`; null starts one
    of our own in the run's folder."""

    max_entries: int = Field(default=4096, ge=1)
    """Trajectories that the buffer holds, waiting and leased together; when full, actors wait."""

    max_bytes: int = Field(default=256 * 2**20, ge=2**10)
    """Bytes of trajectories that the buffer holds; when full, actors wait."""

    append_timeout_seconds: float = Field(default=60.0, gt=0)
    """How long one append waits for room before it gives up (and may be tried again)."""

    dedupe_seconds: float = Field(default=600.0, gt=0)
    """How long an id is remembered after its entry was appended, so that a late retry is no second
    entry."""

    lease_seconds: float = Field(default=300.0, gt=0)
    """A lease that is older belongs to a dead reader and may be reclaimed: above the longest time
    from lease to acknowledgement."""

    connect_timeout_seconds: float = Field(default=5.0, gt=0)
    """How long a server that never answered is tried before the one clear line."""

    reconnect_timeout_seconds: float = Field(default=120.0, gt=0)
    """How long a server that went away (a restart) is tried again before giving up."""

    @model_validator(mode="after")
    def _retries_are_remembered(self) -> Self:
        retry = self.append_timeout_seconds + self.reconnect_timeout_seconds
        if self.dedupe_seconds <= retry:
            raise ValueError(
                "dedupe_seconds must be above append_timeout_seconds + reconnect_timeout_seconds "
                f"({retry:g}): an append that is retried for that long must still be recognised"
            )
        return self
