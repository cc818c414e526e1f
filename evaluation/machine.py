"""What a run runs on, for its `run.json` and its report."""

import os
import platform
from importlib import metadata
from pathlib import Path

import torch

from evaluation.records import Machine

_PACKAGES = ("treewright", "torch", "ray", "grpcio", "redis")


def describe() -> Machine:
    """Return this machine: processor, memory, accelerators and the versions that matter."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        accelerators=tuple(
            torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())
        ),
        versions=versions,
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
