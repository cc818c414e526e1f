"""Run one peer: `python -m benchmarks.peers NAME WORKERS`, jobs as JSON in, its answer out."""

import json
import os
import sys
import time
from typing import Any

from benchmarks.peers import Job, module


def main() -> None:
    """Run and tell."""
    peer = module(sys.argv[1])
    if not peer.present():
        raise SystemExit(f"not here; {peer.INSTALL}")
    jobs = [_job(held) for held in json.load(sys.stdin)]
    answers = os.dup(1)  # programs may write to standard output
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    began, before = time.monotonic(), _cpu_seconds()
    passed = peer.run(jobs, int(sys.argv[2]))
    said = {
        "passed": passed,
        "wall_seconds": time.monotonic() - began,
        "cpu_seconds": _cpu_seconds() - before,
    }
    os.write(answers, json.dumps(said).encode() + b"\n")


def _job(held: dict[str, Any]) -> Job:
    cases = tuple((tuple(args), expected) for args, expected in held["cases"])
    return Job(held["source"], held["entry_point"], cases)


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of all its children that ended."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    main()
