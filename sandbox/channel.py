"""Where a target's servers are, and a connection to one of them."""

import json
import socket

import grpc

from sandbox.errors import SandboxUnavailable
from sandbox.security import Tls

_ONE_PLACE = ("unix", "unix-abstract", "vsock", "xds")
_RETRY = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [
                {"service": "sandbox.v1.Sandbox", "method": "Describe"},
                {"service": "sandbox.v1.Sandbox", "method": "Resize"},
            ],
            "retryPolicy": _RETRY,
        }
    ],
}
_OPTIONS: list[tuple[str, str | int]] = [
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.max_receive_message_length", 64 * 2**20),
    ("grpc.max_send_message_length", 64 * 2**20),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.use_local_subchannel_pool", 1),
]


def addresses(target: str) -> list[str]:
    """Return one address for each server behind a target, names looked up now.

    A target is `host:port`, `dns:///host:port`, `ipv4:1.2.3.4:7400,1.2.3.5:7400`, `unix:/path`.

    Raises:
        SandboxUnavailable: no such name (for now).

    """
    scheme, _, rest = target.partition(":")
    if scheme in ("ipv4", "ipv6"):
        return [f"{scheme}:{one}" for one in rest.split(",")]
    if scheme in _ONE_PLACE:
        return [target]
    host, _, port = _name(target).rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SandboxUnavailable(f"sandbox target {target}: {error.strerror}") from error
    places = []
    for family, _, _, _, place in found:
        host = str(place[0])
        kind, where = ("ipv6", f"[{host}]") if family == socket.AF_INET6 else ("ipv4", host)
        places.append(f"{kind}:{where}:{int(place[1])}")
    return list(dict.fromkeys(places))


def _name(target: str) -> str:
    """Return `host:port` of a target."""
    return target.rpartition("/")[2] if target.startswith("dns:") else target


def connect(address: str, target: str, tls: Tls) -> grpc.Channel:
    """Return a channel to one server of a target, whose name its certificate must bear.

    Raises:
        ConfigError: a certificate's file that can't be read.

    """
    options = list(_OPTIONS)
    if address != target and not target.startswith(("ipv4:", "ipv6:")):
        options.append(("grpc.default_authority", _name(target)))
    credentials = tls.credentials()
    if credentials is None:
        return grpc.insecure_channel(address, options)
    return grpc.secure_channel(address, credentials, options)
