"""Programs per second through the transport alone: batched streams beside one call a program.

    python -m benchmarks.transport [--programs 60000] [--calls 4000]

The real front end in a process of its own, and real clients; in place of the dispatcher stands an
echo that answers each program with five passed tests and runs nothing. "stream" sends batches of 64
that were made beforehand, as the transport itself sees them; "client" is `SandboxClient` with
Python values; "unary" is `Execute` with one program a call, many calls in flight. A message is a
program or a result: two for each program.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, cast

import grpc

from sandbox.backend import Backend, Done
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.frontend import Servicer
from sandbox.types import Program, Result, Test, TestResult, Verdict
from sandbox.v1 import opaque_pb2
from sandbox.v1 import sandbox_pb2 as pb
from sandbox.wire import Writer, result_to_message

BATCH = 64
CREDITS = 1024
CALLS_IN_FLIGHT = 32
SOURCE = "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n"
TESTS = tuple(
    Test((a, b), e) for a, b, e in ((12, 18, 6), (7, 13, 1), (100, 75, 25), (0, 5, 5), (9, 6, 3))
)
PROGRAM = Program("p", SOURCE, "gcd", TESTS)
ANSWER = Result("p", Verdict.PASSED, tests=(TestResult(Verdict.PASSED),) * len(TESTS))


class Echo:
    """What the front end asks of a backend, without programs being run."""

    def __init__(self) -> None:
        self._answer = result_to_message(ANSWER).SerializeToString()
        self.host: dict[str, Any] = {}
        self.gone = asyncio.Event()

    def _results(self, batch: bytes) -> bytes:
        count = len(opaque_pb2.OpaqueStreamRequest.FromString(batch).programs)
        response = opaque_pb2.OpaqueStreamResponse(results=[self._answer] * count)
        return response.SerializeToString()

    def submit(self, batch: bytes, done: Done) -> int:
        """Answer in the event loop's next turn, as a dispatcher would at the earliest."""
        asyncio.get_running_loop().call_soon(done, self._results(batch))
        return 1

    def cancel(self, ticket: int) -> None:
        """Nothing is ever in flight."""

    async def run(self, batch: bytes) -> bytes:
        """Answer one call."""
        return self._results(batch)


async def serve() -> None:
    """Serve until standard input ends."""
    config = SandboxConfig(stream_credits=CREDITS)
    server = grpc.aio.server()
    Servicer(config, cast("Backend", Echo())).add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()
    await server.stop(None)


def stream(target: str, programs: int) -> int:
    """Batches through one stream, as many in flight as the credits allow."""
    raw = [Writer().program(PROGRAM)] * BATCH
    answered = 0

    def requests() -> Iterator[opaque_pb2.OpaqueStreamRequest]:
        for number in range(1, programs // BATCH + 1):
            while BATCH * number - answered > CREDITS:
                time.sleep(0.0002)
            yield opaque_pb2.OpaqueStreamRequest(batch=number, programs=raw)

    with grpc.insecure_channel(target) as channel:
        call = channel.stream_stream(
            "/sandbox.v1.Sandbox/Stream",
            request_serializer=opaque_pb2.OpaqueStreamRequest.SerializeToString,
            response_deserializer=pb.StreamResponse.FromString,
        )
        for response in call(requests()):
            assert all(result.verdict == pb.PASSED for result in response.results)
            answered += len(response.results)
    return answered


def client(target: str, programs: int) -> int:
    """`SandboxClient`, Python values in and out."""
    batch = [PROGRAM] * BATCH
    answered = 0
    with SandboxClient(target) as connected:
        waiting = deque(connected.submit(batch) for _ in range(CREDITS // BATCH))
        for _ in range(programs // BATCH - len(waiting)):
            answered += len(waiting.popleft().result())
            waiting.append(connected.submit(batch))
        answered += sum(len(future.result()) for future in waiting)
    return answered


def unary(target: str, calls: int) -> int:
    """One program a call."""

    async def work() -> int:
        raw = Writer().program(PROGRAM)
        request = opaque_pb2.OpaqueExecuteRequest(programs=[raw]).SerializeToString()
        async with grpc.aio.insecure_channel(target) as channel:
            execute = channel.unary_unary("/sandbox.v1.Sandbox/Execute", None, None)

            async def some() -> int:
                count = 0
                for _ in range(calls // CALLS_IN_FLIGHT):
                    answer = pb.ExecuteResponse.FromString(await execute(request))
                    count += answer.results[0].verdict == pb.PASSED
                return count

            return sum(await asyncio.gather(*(some() for _ in range(CALLS_IN_FLIGHT))))

    return asyncio.run(work())


def measured(name: str, work: Callable[[str, int], int], target: str, count: int) -> float:
    """Run once, print a line, and return messages per second."""
    work(target, count // 10)  # warm
    began = time.monotonic()
    messages = 2 * work(target, count)
    rate = messages / (time.monotonic() - began)
    print(f"{name:<8}{rate / 2:>10.0f} programs/s{rate:>10.0f} messages/s", flush=True)
    return rate


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=60_000)
    parser.add_argument("--calls", type=int, default=4_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
        return
    command = [sys.executable, "-m", "benchmarks.transport", "--serve"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        target = f"127.0.0.1:{int(server.stdout.readline())}"
        one = measured("unary", unary, target, given.calls)
        with_values = measured("client", client, target, given.programs)
        batched = measured("stream", stream, target, given.programs)
        print(f"stream / unary: {batched / one:.1f}, client / unary: {with_values / one:.1f}")
        print(f"on {len(os.sched_getaffinity(0))} CPUs, load {os.getloadavg()[0]:.1f}")
        server.stdin.close()


if __name__ == "__main__":
    main()
