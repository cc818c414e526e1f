"""The sandbox server's settings. Standard library only, so that a jail host needs nothing more."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field, fields
from typing import Any, Self

from sandbox.errors import ConfigError
from sandbox.types import Limits

_TIERS = ("auto", "T1", "T2", "T3")
_ZYGOTES = ("auto", "c", "python")


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Settings of a sandbox server, and of who uses one."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - read by pydantic

    target: str | None = None
    """Address of a running sandbox (`host:port` or `dns:///name:port`). None: start one here."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 7400
    """Port to listen on; 0 picks a free one."""
    metrics_port: int = 0
    """Port of the Prometheus endpoint; 0: none."""
    slots: int = 0
    """Python programs that run at the same time; 0: one for each CPU that this process may use."""
    language_slots: int = 0
    """The same for each other language; they start with the first program of the language."""
    busy_factor: float = 2.0
    """Programs of all languages that run at the same time: at most so many times the CPUs, or the
    slots of the language that has most, so that compilers do not starve the rest."""
    tier: str = "auto"
    """Isolation: "T1" (root, mapped ids), "T2" (unprivileged user namespace), "T3" (no user
    namespace), "auto": the best that this host gives."""
    zygote: str = "auto"
    """Loop that serves in the jail: "c" (compiled), "python", or "auto": "c" where it is built."""
    interpreter: str | None = None
    """Python that runs the programs; None: the server's own."""
    queue_capacity: int = 4096
    """Programs accepted and not yet answered, over all clients."""
    stream_credits: int = 512
    """Most programs that one stream may have in flight."""
    max_batch: int = 64
    """Most programs in one batch."""
    max_source_bytes: int = 2**20
    """Longest source of a program, and longest test code."""
    token: str | None = field(default=None, repr=False)
    """Bearer token that clients must send; None: no authentication."""
    token_file: str | None = None
    """File with the bearer token, in place of `token`."""
    tls_certificate: str | None = None
    """PEM file with the certificate that this side shows: the server's turns TLS on, a client's is
    for a server that asks for one."""
    tls_key: str | None = None
    """PEM file with the key of `tls_certificate`."""
    tls_ca: str | None = None
    """PEM file with the authorities that this side trusts: a client's turns TLS on, a server's
    makes it ask its clients for certificates."""
    max_connection_age_seconds: float = 300.0
    """Age at which a connection is closed gracefully, so that new replicas get traffic."""
    drain_seconds: float = 30.0
    """Time that work in flight gets to finish after SIGTERM."""
    first_id: int = 0x70000000
    """T1: first of the host's user ids for the jails (two for each slot), used by nobody else."""
    limits: Limits = field(default_factory=Limits)
    """Limits of a program that states none."""
    maximum: Limits = field(
        default_factory=lambda: Limits(60.0, 300.0, 4 * 2**30, 64 * 2**20),
    )
    """Most that a program may ask for."""

    def __post_init__(self) -> None:
        """Refuse what can't work.

        Raises:
            ConfigError: names the setting.

        """
        for name, choices in (("tier", _TIERS), ("zygote", _ZYGOTES)):
            if getattr(self, name) not in choices:
                raise ConfigError(
                    f"sandbox.{name}: {getattr(self, name)!r} is none of {', '.join(choices)}"
                )
        for name in ("queue_capacity", "stream_credits", "max_batch", "max_source_bytes"):
            if getattr(self, name) < 1:
                raise ConfigError(f"sandbox.{name}: must be 1 or more, is {getattr(self, name)}")
        for name in ("port", "metrics_port"):
            if not 0 <= getattr(self, name) < 2**16:
                raise ConfigError(f"sandbox.{name}: must be 0 to 65535, is {getattr(self, name)}")
        for name in ("slots", "language_slots"):
            if getattr(self, name) < 0:
                raise ConfigError(f"sandbox.{name}: must be 0 or more, is {getattr(self, name)}")
        if not self.busy_factor >= 1:
            raise ConfigError(f"sandbox.busy_factor: must be 1 or more, is {self.busy_factor}")
        self._check_together()
        check_limits(self.limits, self.maximum, "sandbox.limits")

    def _check_together(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ConfigError("sandbox.tls_certificate and sandbox.tls_key go together")
        if self.token is not None and self.token_file is not None:
            raise ConfigError("sandbox.token and sandbox.token_file: give one of them")

    def slot_count(self, language: str = "python") -> int:
        """Return how many slots a language gets on this host."""
        given = self.slots if language == "python" else self.language_slots
        return given or len(os.sched_getaffinity(0))

    def to_json(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the settings that `to_json` wrote."""
        held: dict[str, Any] = json.loads(text)
        limits, maximum = Limits(**held.pop("limits")), Limits(**held.pop("maximum"))
        return cls(**held, limits=limits, maximum=maximum)


def check_limits(limits: Limits, maximum: Limits, where: str) -> None:
    """Hold limits against the server's maxima.

    Raises:
        ConfigError: names the limit, the value and the maximum.

    """
    for item in fields(Limits):
        value, most = getattr(limits, item.name), getattr(maximum, item.name)
        if not 0 < value <= most:
            raise ConfigError(
                f"{where}.{item.name}: must be above 0 and at most {most}, is {value}"
            )
