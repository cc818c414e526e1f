"""Seconds of work on a device, and how many operations a second it does at most.

On a CPU they are CPU seconds of this process, which others disturb less than wall time; on a GPU,
wall seconds until it has done all that it was given.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import torch

from policy.precision import Arithmetic

NOMINAL = {"A100": 312e12, "H100 PCIe": 756e12, "H100 NVL": 835e12, "H100": 989e12, "H200": 989e12}
"""Dense operations a second in bfloat16 by what a GPU's name holds, the first that fits; from
NVIDIA's product pages (nvidia.com/en-us/data-center/a100, h100 and h200), whose figures with
sparsity are twice these."""


class Place(NamedTuple):
    """Where is measured, and in what."""

    device: torch.device
    precision: Arithmetic

    @property
    def dtype(self) -> torch.dtype:
        """What matrices are multiplied in."""
        found: torch.dtype = getattr(torch, self.precision)
        return found


HERE = Place(torch.device("cpu"), "float32")


def seconds(work: Callable[[], Any], device: torch.device = HERE.device) -> float:
    """Time `work`."""
    if device.type == "cpu":
        began = time.process_time()
        work()
        return time.process_time() - began
    torch.cuda.synchronize(device)
    began = time.perf_counter()
    work()
    torch.cuda.synchronize(device)
    return time.perf_counter() - began


def in_turn(
    contenders: Mapping[str, Callable[[], Any]], device: torch.device, rounds: int
) -> dict[str, float]:
    """Give each contender's median over the rounds, all having warmed up once."""
    for work in contenders.values():
        work()
    turns = [[seconds(work, device) for work in contenders.values()] for _ in range(rounds)]
    columns = zip(*turns, strict=True)
    return dict(zip(contenders, map(statistics.median, columns), strict=True))


def peak(place: Place, size: int, rounds: int) -> float:
    """Give the operations a second of the fastest product of two square matrices."""
    left, right = (torch.randn(size, size, device=place.device).to(place.dtype) for _ in range(2))
    product = partial(torch.matmul, left, right)
    product()
    # Clocks have a step: several products are timed at once.
    times = 10
    runs = [seconds(lambda: [product() for _ in range(times)], place.device) for _ in range(rounds)]
    return times * 2 * size**3 / min(runs)


def nominal(place: Place) -> float | None:
    """Give the operations a second that the maker names, where `NOMINAL` knows them."""
    if place.device.type == "cpu" or place.precision != "bfloat16":
        return None
    name = torch.cuda.get_device_name(place.device)
    return next((rate for part, rate in NOMINAL.items() if part in name), None)
