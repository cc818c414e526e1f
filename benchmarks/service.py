"""What a program costs when the command stays open, beside starting it for each.

    python -m benchmarks.service --checkpoint RUN [--tasks 50] [--starts 3]

For each way to look for programs and number of torch's threads, in turn: `treewright synth --tasks
-` is asked one held-out task after the other; then all of them are given at once as a file; then
`treewright synth --signature` is started anew for a few. CPU seconds are those of the command and
all its processes.
"""

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, hardware, keep, tree_seconds
from tasks import sources
from tasks.schema import Task
from tasks.values import literal
from treewright import stored
from treewright.config import Config, to_plain
from treewright.services import spread

WAYS = {
    "none, 8 samples": ("--samples", "8"),
    "best_of, 8 nodes": ("search=best_of", "search_nodes=8"),
}
_SECONDS = re.compile(r"(\w[\w ]*) (\d+\.\d+) s")


def command(checkpoint: Path, threads: int, way: Sequence[str]) -> list[str]:
    """Give the command but for its tasks."""
    base = [sys.executable, "-m", "treewright", "synth", "--checkpoint", str(checkpoint)]
    return [*base, "--timings", "--threads", str(threads), *way]


def one_by_one(args: list[str], tasks: Sequence[Task]) -> dict[str, Any]:
    """Ask for a task when the one before is answered."""
    began = time.monotonic()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*args, "--tasks", "-"], text=True, **pipes)  # type: ignore[call-overload]
    start = process.stderr.readline()
    ready, ready_cpu = time.monotonic() - began, tree_seconds(process.pid)
    seconds, cpu, solved = [], [ready_cpu], 0
    for task in tasks:
        asked = time.monotonic()
        process.stdin.write(json.dumps(task.to_json()) + "\n")
        process.stdin.flush()
        solved += json.loads(process.stdout.readline())["source"] is not None
        seconds.append(time.monotonic() - asked)
        cpu.append(tree_seconds(process.pid))
    process.communicate()
    later = sorted(seconds[1:])
    return {
        "start": dict(figures(start)),
        "until_ready": ready,
        "until_ready_cpu": ready_cpu,
        "first_answer": seconds[0],
        "later_median": statistics.median(later),
        "later_p90": later[int(0.9 * len(later))],
        "later_cpu_mean": (cpu[-1] - cpu[1]) / len(later),
        "solved": solved,
    }


def figures(line: str) -> list[tuple[str, float]]:
    """Read what --timings says of seconds."""
    return [(name, float(value)) for name, value in _SECONDS.findall(line)]


def as_file(args: list[str], tasks: Sequence[Task]) -> dict[str, Any]:
    """Give all tasks at once."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(task.to_json()) + "\n" for task in tasks)
        file.flush()
        done = subprocess.run(
            [*args, "--tasks", file.name], capture_output=True, text=True, check=False
        )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    # Those of a batch say the same time.
    batches = [answer["seconds"] / answer["together"] for answer in answers]
    return {"together": answers[0]["together"], "seconds_a_task": sum(batches) / len(answers)}


def anew(args: list[str], tasks: Sequence[Task]) -> dict[str, float]:
    """Start the command for each task; give medians from a start to its end."""
    seconds, cpu = [], []
    for task in tasks:
        began, used = time.monotonic(), _children_cpu()
        subprocess.run([*args, *typed(task)], capture_output=True, check=False)
        seconds.append(time.monotonic() - began)
        cpu.append(_children_cpu() - used)
    return {"seconds": statistics.median(seconds), "cpu": statistics.median(cpu)}


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def typed(task: Task) -> list[str]:
    """Write a task as one types it."""
    assert task.signature is not None
    params = ", ".join(f"{param.name}: {param.type}" for param in task.signature.params)
    given = ["--signature", f"{task.entry_point}({params}) -> {task.signature.returns}"]
    for example in task.examples:
        args = example.args if len(example.args) != 1 else example.args[0]
        given += ["--example", f"{literal(args)} -> {literal(example.expected)}"]
    return [*given, "--description", task.description]


def held_out(config: Config, count: int) -> list[Task]:
    """Give tasks of both held-out splits, spread evenly."""
    sets = sources.build(config.tasks)
    half = count // 2
    return [*spread(sets.heldout, count - half), *spread(sets.heldout_families, half)]


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--starts", type=int, default=3, help="of the command for one task")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    _, config = stored.load_to_sample(given.checkpoint)
    tasks = held_out(config, given.tasks)
    trained = to_plain(config)
    record: dict[str, Any] = {"hardware": hardware(), "tasks": len(tasks)}
    record["trained"] = {key: trained[key] for key in ("name", "model", "run")}
    for name, way in WAYS.items():
        for threads in given.threads:
            args = command(given.checkpoint, threads, way)
            found = one_by_one(args, tasks)
            found["file"] = as_file(args, tasks)
            found["anew"] = anew(args, spread(tasks, given.starts))
            record[f"{name}, {threads} threads"] = found
            print(f"{name}, {threads} threads: {told(found)}", flush=True)
    print(keep("service", record, given.results))


def told(found: dict[str, Any]) -> str:
    """Tell a measurement in a line."""
    start = ", ".join(f"{name} {seconds:.2f}" for name, seconds in found["start"].items())
    return (
        f"ready {found['until_ready']:.2f} s ({start}; CPU {found['until_ready_cpu']:.2f}), first "
        f"{found['first_answer']:.3f} s, later "
        f"{found['later_median']:.3f} s (p90 {found['later_p90']:.3f}, CPU "
        f"{found['later_cpu_mean']:.3f}), file {found['file']['seconds_a_task']:.3f} s a task, "
        f"anew {found['anew']['seconds']:.2f} s (CPU {found['anew']['cpu']:.2f})"
    )


if __name__ == "__main__":
    main()
