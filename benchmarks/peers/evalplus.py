"""The harness of EvalPlus (PyPI: evalplus), called as it calls itself: from a pool of processes."""

import importlib.util
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from benchmarks.peers import SECONDS, Job

INSTALL = "pip install --no-deps --target FOLDER evalplus (and numpy, psutil), then --peers FOLDER"


def present() -> bool:
    """Whether it is here."""
    needed = ("evalplus", "numpy", "psutil")
    return all(importlib.util.find_spec(name) is not None for name in needed)


def run(jobs: Sequence[Job], workers: int) -> list[bool]:
    """Return which programs it says passed."""
    import evalplus.eval  # noqa: F401 - before the pool forks, as its own command has it

    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_check, jobs))


def _check(job: Job) -> bool:
    from evalplus.eval import PASS, untrusted_check

    status, _ = untrusted_check(
        "humaneval",
        job.source,
        [list(args) for args, _ in job.cases],
        job.entry_point,
        expected=[expected for _, expected in job.cases],
        atol=0,
        ref_time=[SECONDS / 10] * len(job.cases),
        fast_check=True,
    )
    return bool(status == PASS)
