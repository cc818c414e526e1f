"""The sandbox server: starts the dispatcher, listens, drains.

`serve` is what `treewright sandbox serve` calls. Run as a module it is a server for one parent
process: it reads its config as one JSON line from standard input, writes one JSON line when it is
ready, and ends when standard input does, however the parent ended.
"""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Iterator

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio  # type: ignore[attr-defined]
from grpc_reflection.v1alpha import reflection
from prometheus_client import start_http_server

from sandbox.backend import Backend
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxError, ServerError
from sandbox.frontend import SERVICE, Servicer, TokenCheck
from sandbox.metrics import StatisticsCollector
from sandbox.security import server_credentials, token_of
from sandbox.statistics import Statistics

MAX_MESSAGE_BYTES = 64 * 2**20
_STATISTICS_SECONDS = 5.0
_EXIT_REFUSED = 2


class Server:
    """A running server."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self.target = ""
        self.stopping = asyncio.Event()

    async def run(self, ready: Callable[["Server"], None]) -> None:
        """Start, tell that it is ready, serve until `stopping`, drain.

        Raises:
            ServerError: it can't start, or the dispatcher died.

        """
        token, credentials = token_of(self._config), server_credentials(self._config)
        self.backend = Backend(self._config)
        await self.backend.start()
        try:
            with self._metrics_endpoint():
                await self._listen(ready, token, credentials)
        finally:
            await self.backend.stop()

    @contextlib.contextmanager
    def _metrics_endpoint(self) -> Iterator[None]:
        port = self._config.metrics_port
        if not port:
            yield
            return
        loop = asyncio.get_running_loop()

        def ask() -> Statistics:  # in the endpoint's thread
            asked = asyncio.run_coroutine_threadsafe(self.backend.statistics(), loop)
            return Statistics.from_json(asked.result(_STATISTICS_SECONDS))

        registry = StatisticsCollector(ask).registry
        try:
            httpd, thread = start_http_server(port, self._config.host, registry)
        except OSError as error:
            raise ServerError(f"sandbox.metrics_port {port}: {error.strerror}") from error
        try:
            yield
        finally:
            httpd.shutdown()
            httpd.server_close()
            thread.join()

    async def _listen(
        self,
        ready: Callable[["Server"], None],
        token: str | None,
        credentials: grpc.ServerCredentials | None,
    ) -> None:
        config = self._config
        server = grpc.aio.server(
            interceptors=[TokenCheck(token)] if token else [], options=_options(config)
        )
        servicer = Servicer(config, self.backend)
        servicer.add_to(server)
        healthy = health_aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        try:
            address = f"{config.host}:{config.port}"
            if credentials is None:
                port = server.add_insecure_port(address)
            else:
                port = server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise ServerError(
                f"sandbox.port: can't listen on {config.host}:{config.port}"
            ) from error
        self.target = f"{config.host}:{port}"
        await server.start()
        for name in ("", SERVICE):
            await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
        ready(self)
        lost = await self._until_stopped()
        await healthy.enter_graceful_shutdown()
        servicer.draining.set()
        await server.stop(0 if lost else config.drain_seconds)
        if lost:
            raise ServerError("the sandbox's dispatcher died; the server stops")

    async def _until_stopped(self) -> bool:
        """Wait for the order to stop; True: the dispatcher died instead."""
        waits = [
            asyncio.create_task(self.stopping.wait()),
            asyncio.create_task(self.backend.gone.wait()),
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return not self.stopping.is_set()


def _options(config: SandboxConfig) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_connection_age_ms", int(config.max_connection_age_seconds * 1000)),
        ("grpc.max_connection_age_grace_ms", int(config.maximum.wall_seconds * 1000)),
        # A client that vanished without a word is noticed, and its slots are freed.
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # Clients ask every 30 s whether we are there, also while nothing is said: without this the
        # server, which allows it every 5 minutes, takes it for abuse and hangs up.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
    ]


def serve(config: SandboxConfig) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        ServerError: it can't start here, or the dispatcher died.

    """

    def ready(server: Server) -> None:
        slots, tier = config.slot_count(), server.backend.host["tier"]
        sys.stdout.write(f"sandbox: serving on {server.target}, tier {tier}, {slots} slots\n")
        sys.stdout.flush()

    _run(config, ready)


def _run(
    config: SandboxConfig, ready: Callable[[Server], None], *, watch_stdin: bool = False
) -> None:
    async def main() -> None:
        server = Server(config)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stopping.set)
        if watch_stdin:
            loop.add_reader(sys.stdin.fileno(), server.stopping.set)
        await server.run(ready)

    asyncio.run(main())


def main() -> None:
    """Serve one parent process (see the module's docstring)."""

    def ready(server: Server) -> None:
        said = {"target": server.target, "tier": server.backend.host["tier"]}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()

    try:
        config = SandboxConfig.from_json(sys.stdin.readline())
        _run(config, ready, watch_stdin=True)
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(_EXIT_REFUSED) from error


if __name__ == "__main__":
    main()
