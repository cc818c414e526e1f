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
from sandbox.frontend import Servicer, TokenCheck
from sandbox.languages import PYTHON
from sandbox.metrics import Metrics
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.v1 import sandbox_pb2_grpc

SERVICE = pb.DESCRIPTOR.services_by_name["Sandbox"].full_name
MAX_MESSAGE_BYTES = 64 * 2**20
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
        metrics = Metrics()
        metrics.slots.set(self._config.slot_count())
        metrics.preset((PYTHON,))
        self.backend = Backend(self._config, metrics)
        await self.backend.start()
        try:
            with self._metrics_endpoint(metrics):
                await self._listen(ready)
        finally:
            await self.backend.stop()

    @contextlib.contextmanager
    def _metrics_endpoint(self, metrics: Metrics) -> Iterator[None]:
        if not self._config.metrics_port:
            yield
            return
        port = self._config.metrics_port
        try:
            httpd, thread = start_http_server(port, self._config.host, metrics.registry)
        except OSError as error:
            raise ServerError(f"sandbox.metrics_port {port}: {error.strerror}") from error
        try:
            yield
        finally:
            httpd.shutdown()
            httpd.server_close()
            thread.join()

    async def _listen(self, ready: Callable[["Server"], None]) -> None:
        config = self._config
        age = int(config.max_connection_age_seconds * 1000)
        server = grpc.aio.server(
            interceptors=[TokenCheck(config.token)] if config.token else [],
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
                ("grpc.max_connection_age_ms", age),
                ("grpc.max_connection_age_grace_ms", int(config.maximum.wall_seconds * 1000)),
                # Clients ask every 30 s whether we are there, also between two batches: without
                # this the server takes it for abuse and hangs up.
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
            ],
        )
        servicer = Servicer(config, self.backend)
        sandbox_pb2_grpc.add_SandboxServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
        healthy = health_aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
        names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        try:
            port = server.add_insecure_port(f"{config.host}:{config.port}")
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


def serve(config: SandboxConfig) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        ServerError: it can't start here, or the dispatcher died.

    """

    def ready(server: Server) -> None:
        slots, tier = config.slot_count(), server.backend.tier
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
        sys.stdout.write(json.dumps({"target": server.target, "tier": server.backend.tier}) + "\n")
        sys.stdout.flush()

    try:
        config = SandboxConfig.from_json(sys.stdin.readline())
        _run(config, ready, watch_stdin=True)
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(_EXIT_REFUSED) from error


if __name__ == "__main__":
    main()
