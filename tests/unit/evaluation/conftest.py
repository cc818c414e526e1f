"""A run folder as a train loop writes it, with figures made up for the page."""

import math
from collections import Counter
from pathlib import Path

import pytest

from evaluation import run_folder
from evaluation.curves import SPLITS
from evaluation.records import (
    Conditions,
    EvalRecord,
    EvaluationResult,
    Machine,
    RunInfo,
    SampleRecord,
    TrainRecord,
)
from evaluation.scoring import Outcome, TaskTally, summarise

PROGRAMS = {
    "arithmetic/divide/3": "def divide(a, b):\n    return a // b\n",
    "loops/sum_up_to_n/17": (
        "def sum_up_to_n(n):\n    v0 = 0\n    for v1 in range(n + 1):\n        v0 += v1\n"
        "    return v0\n"
    ),
    "lists/count_even/5": "def count_even(xs):\n    return len([v0 for v0 in xs if v0 % 2 == 0])\n",
    "strings/shout/1": 'def shout(s):\n    return s.upper() + "<script>alert(1)</script>"\n',
    "sorting_searching/find/9": (
        "def find(xs, x):\n    for v0, v1 in enumerate(xs):\n        if v1 == x:\n"
        "            return v0\n    else:\n        return -1\n"
    ),
}
VERDICTS = ("PASSED", "WRONG_ANSWER", "RUNTIME_ERROR", "TIME_LIMIT")


def evaluation(solved: float) -> EvaluationResult:
    """An evaluation of 20 tasks in five stages; later stages are solved less often."""
    tallies = []
    for number in range(20):
        task = list(PROGRAMS)[number % 5]
        right = max(0, round(10 * solved - number % 5))
        outcomes = {
            "good": Outcome("PASSED", 4, 4, False),
            "bad": Outcome("WRONG_ANSWER", 1, 4, False),
        }
        drawn = Counter(good=right, bad=10 - right)
        kept = {source: outcomes[source] for source in drawn if drawn[source]}
        tallies.append(TaskTally(f"{task}-{number}", task.split("/")[0], +drawn, kept))
    return summarise(tallies, (1, 10), Conditions(0.8, "core", 192), seconds=12.5)


@pytest.fixture
def make_run(tmp_path):
    def make(name: str = "demo", strength: float = 1.0, steps: int = 280) -> run_folder.Run:
        folder = Path(tmp_path / name)
        folder.mkdir()
        machine = Machine("Linux 6.1", "A Processor", 2, 8 * 2**30, (), {"python": "3.11.7"})
        precision = {"learner": "float32", "actors": "bfloat16"}
        run_folder.write_info(folder, RunInfo(name, 1.7e9, "0" * 40, machine, precision))
        (folder / run_folder.CONFIG_FILE).write_text(
            "name: demo\nreplay:\n  url: redis://user:secret@redis:6379/0\n"
        )
        write_metrics(folder, strength, steps)
        for task, program in PROGRAMS.items():
            for verdict in VERDICTS[:3]:
                stage, family = task.split("/")[:2]
                run_folder.append(
                    folder,
                    SampleRecord(
                        steps, task, stage, f"Write {family} & <be> brief.", program, verdict, 1, 4
                    ),
                )
        return run_folder.read_run(folder)

    return make


def write_metrics(folder: Path, strength: float, steps: int) -> None:
    for split, share in zip(SPLITS, (0.1, 0.0), strict=True):
        run_folder.append(folder, EvalRecord(0, 0.0, split, "before", evaluation(share)))
    for step in range(1, steps + 1):
        learned = strength * (1 - math.exp(-step / 90))
        wobble = math.sin(step * 12.9898) * 0.06
        passed = max(0, round(100 * (0.5 * learned + wobble)))
        run_folder.append(
            folder,
            TrainRecord(
                step=step,
                seconds=2.0 * step,
                policy_version=step // 4,
                loss={
                    "total": 3.2 * math.exp(-step / 120) + wobble,
                    "supervised": 2.8 * math.exp(-step / 110) + wobble,
                    "policy_gradient": wobble / 3,
                    "q_halt": 0.7 - 0.3 * learned,
                    "entropy": None if step < 20 else 1.6 - learned,
                },
                programs_per_second=180 + 400 * wobble,
                idle_ratio=max(0.0, 0.04 + wobble / 2),
                reward_mean=None if step < 5 else 1.4 * learned + wobble,
                policy_lag=None if step < 5 else 1 + (step % 3) / 2,
                verdicts={
                    "PASSED": passed,
                    "WRONG_ANSWER": 90 - passed // 2,
                    "RUNTIME_ERROR": 12,
                    "TIME_LIMIT": 3,
                    "INTERNAL": step % 2,
                },
            ),
        )
        if step % 60 == 0:
            result = evaluation(0.1 + 0.5 * learned)
            run_folder.append(folder, EvalRecord(step, 2.0 * step, "heldout", "during", result))
    for split, share in zip(SPLITS, (0.7, 0.3), strict=True):
        result = evaluation(share * strength)
        run_folder.append(folder, EvalRecord(steps, 2.0 * steps, split, "after", result))
