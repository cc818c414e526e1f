"""A program on its way through the dispatcher, the batch that it came in, and its result."""

from dataclasses import dataclass, field

from sandbox.judge import Facts, Judgement
from sandbox.requests import Request
from sandbox.types import Code, Refusal, Result, TestResult, Verdict
from sandbox.v1 import opaque_pb2
from sandbox.wire import result_to_message

_SHOWN_BYTES = 4096


@dataclass(slots=True, eq=False)
class Batch:
    """Programs that are answered together."""

    ticket: int
    deadline: float
    """Time on the monotonic clock after which nobody waits for what has not started."""
    results: list[bytes]
    missing: int
    cancelled: bool = False

    def put(self, position: int, result: Result) -> bool:
        """Take one result; True where it was the last."""
        self.results[position] = result_to_message(result).SerializeToString()
        self.missing -= 1
        return self.missing == 0

    def answer(self) -> bytes:
        """Return all results as an OpaqueStreamResponse."""
        return opaque_pb2.OpaqueStreamResponse(results=self.results).SerializeToString()


@dataclass(slots=True, eq=False)
class Job:
    """A program: its runs, and what those that ended showed."""

    batch: Batch
    position: int
    request: Request
    received: float
    waited: float = -1.0
    """Seconds from receipt to the first run; below 0 before that."""
    attempts: int = 0
    judgements: list[Judgement] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)

    def refused(self, code: Code, message: str) -> Result:
        """Return the result of a job that was not run."""
        return Result(self.request.id, Verdict.REFUSED, refusal=Refusal(code, message))

    def failed(self, detail: str) -> Result:
        """Return the result of a job that the sandbox could not run."""
        return Result(
            self.request.id,
            Verdict.INTERNAL,
            detail=detail,
            queue_seconds=max(0.0, self.waited),
        )

    def result(self) -> Result:
        """One result of all runs: costs add up, the first run that failed decides."""
        tests: tuple[TestResult, ...] = tuple(t for item in self.judgements for t in item.tests)
        failed = [item for item in self.judgements if item.verdict is not Verdict.PASSED]
        decisive = failed[0] if failed else self.judgements[0]
        shown = self.facts[self.judgements.index(decisive)]
        return Result(
            id=self.request.id,
            verdict=decisive.verdict,
            security_violation=any(item.security_violation for item in self.judgements),
            tests=tests,
            detail=decisive.detail,
            cpu_seconds=sum(facts.cpu_seconds for facts in self.facts),
            wall_seconds=sum(facts.wall_seconds for facts in self.facts),
            peak_rss_bytes=max(facts.peak_rss_bytes for facts in self.facts),
            stdout=shown_output(shown.stdout),
            stderr=shown_output(shown.stderr),
            queue_seconds=self.waited,
            compile_seconds=sum(facts.compile_seconds for facts in self.facts),
        )


def shown_output(output: bytes) -> str:
    """Return the start of what a program wrote; what is cut off is said in a last line."""
    text = output[:_SHOWN_BYTES].decode("utf-8", "replace")
    cut = len(output) - _SHOWN_BYTES
    return text if cut <= 0 else f"{text}\n[{cut} bytes more]"
