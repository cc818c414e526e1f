"""Tokens and TLS: read from files, for the server's side and the client's."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import grpc

from sandbox.config import SandboxConfig
from sandbox.errors import ConfigError

TOKEN_VARIABLE = "TREEWRIGHT_SANDBOX_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of a client; without any the connection is not encrypted."""

    ca: str | None = None
    """Authorities that the server's certificate must be from."""
    certificate: str | None = None
    """Own certificate, for a server that asks for one."""
    key: str | None = None
    """Key of `certificate`."""

    @classmethod
    def of(cls, config: SandboxConfig) -> Self:
        """Return the client's side of a configuration."""
        return cls(config.tls_ca, config.tls_certificate, config.tls_key)

    def credentials(self) -> grpc.ChannelCredentials | None:
        """Return what a channel needs; None: it is to be without TLS.

        Raises:
            ConfigError: a file that can't be read.

        """
        if self.ca is None:
            return None
        return grpc.ssl_channel_credentials(
            _read("tls_ca", self.ca),
            _read("tls_key", self.key) if self.key else None,
            _read("tls_certificate", self.certificate) if self.certificate else None,
        )


def server_credentials(config: SandboxConfig) -> grpc.ServerCredentials | None:
    """Return what the port needs; None: it is to be without TLS.

    Raises:
        ConfigError: a file that can't be read.

    """
    if config.tls_certificate is None or config.tls_key is None:
        if config.tls_ca is not None:
            raise ConfigError("sandbox.tls_ca: a server needs tls_certificate and tls_key as well")
        return None
    pair = (
        _read("tls_key", config.tls_key),
        _read("tls_certificate", config.tls_certificate),
    )
    authorities = _read("tls_ca", config.tls_ca) if config.tls_ca else None
    return grpc.ssl_server_credentials([pair], authorities, authorities is not None)


def token_of(config: SandboxConfig) -> str | None:
    """Return the bearer token of the settings, of their file, or of the environment.

    Raises:
        ConfigError: a file that can't be read, or an empty one.

    """
    if config.token is not None:
        return config.token
    if config.token_file is None:
        return os.environ.get(TOKEN_VARIABLE) or None
    token = _read("token_file", config.token_file).decode("utf-8", "replace").strip()
    if not token:
        raise ConfigError(f"sandbox.token_file: {config.token_file} is empty")
    return token


def _read(setting: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"sandbox.{setting}: {path}: {error.strerror}") from error
