"""What the benchmarks share: the machine, CPU time of a tree of processes, results on disk."""

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def hardware() -> dict[str, Any]:
    """Return what the figures were measured on."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        try:
            children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.append(one)
        waiting += [int(child) for child in children]
    return found


def tree_seconds(pid: int) -> float:
    """CPU of a process and all below it, those that ended included."""
    ticks = 0
    for one in tree(pid):
        try:
            text = Path(f"/proc/{one}/stat").read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(int(item) for item in text[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_bytes() -> int:
    """Most memory that this process has held, without what getrusage adds: who started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return 1024 * int(peak)


def keep(name: str, record: dict[str, Any], folder: Path) -> Path:
    """Write a result with its date and hardware beside the earlier ones; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    date = time.strftime("%Y-%m-%d %H:%M:%S %z")
    path.write_text(json.dumps({"date": date, **record}, indent=2) + "\n")
    return path
