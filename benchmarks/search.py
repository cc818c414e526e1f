"""Searches beside plain sampling: the same checkpoint, tasks, and programs a task.

    python -m benchmarks.search --checkpoint RUN [--tasks 50] [--nodes 32] [--edits 4] [--seeds 2]

Every method may draw as many programs for a task. The tasks are those held out from the run: new
parameters of its families, and whole families. `none` samples each program on its own: its pass@1
is the chance that one program is right, its pass@NODES what no ranking of as many could exceed.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import RESULTS, hardware, keep
from evaluation.config import EvaluationConfig
from evaluation.harness import evaluate
from evaluation.records import EvaluationResult
from policy.model import Policy
from sandbox.client import SandboxClient
from tasks import sources
from tasks.schema import Task
from treewright import stored
from treewright.config import override, to_plain
from treewright.sampling import sandbox
from treewright.services import spread


def methods(nodes: int, edits: int, refines: bool) -> dict[str, dict[str, Any]]:
    """Give the settings of each method by its name."""
    searched = {"search_nodes": nodes}
    found: dict[str, dict[str, Any]] = {
        "none": {"search": "none", "samples": nodes},
        "best_of": {"search": "best_of", **searched},
    }
    if refines:
        for search in ("best_of", "beam", "mcts"):
            name = f"{search}, {edits} edits"
            found[name] = {"search": search, "max_edits": edits, **searched}
    return found


def measure(
    policy: Policy,
    tasks: Sequence[Task],
    client: SandboxClient,
    settings: EvaluationConfig,
    seeds: int,
) -> dict[str, Any]:
    """Evaluate once a seed; give means over the seeds."""
    results = [
        evaluate(policy, tasks, client, settings, generator=torch.Generator().manual_seed(seed))
        for seed in range(seeds)
    ]
    rates = {f"pass@{k}": _mean(results, str(k)) for k in settings.ks}
    count = len(tasks) * seeds
    return rates | {
        "drawn_a_task": sum(result.samples for result in results) / count,
        "run_a_task": sum(result.executed for result in results) / count,
        "seconds_a_task": sum(result.seconds for result in results) / count,
        "conditions": results[0].conditions or "each program sampled on its own",
    }


def _mean(results: Sequence[EvaluationResult], k: str) -> float:
    return statistics.fmean(rate for one in results if (rate := one.pass_at[k]) is not None)


def line(name: str, found: dict[str, Any]) -> str:
    """One row of the table."""
    rates = "".join(f"{100 * found[key]:9.1f} %" for key in found if key.startswith("pass@"))
    spent = f"{found['drawn_a_task']:8.1f} {found['run_a_task']:8.1f}"
    return f"{name:22}{rates} {spent} {found['seconds_a_task']:8.3f}"


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--tasks", type=int, default=50, help="of each split")
    parser.add_argument("--nodes", type=int, default=32)
    parser.add_argument("--edits", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    policy, config = stored.load_to_sample(given.checkpoint)
    ks = sorted({1, min(10, given.nodes), given.nodes})
    record: dict[str, Any] = {"hardware": hardware(), "torch": torch.__version__}
    trained = to_plain(config)
    record["trained"] = {key: trained[key] for key in ("name", "model", "learner", "actors", "run")}
    record |= {"nodes": given.nodes, "edits": given.edits, "seeds": given.seeds}
    held = sources.build(config.tasks)
    with sandbox(config) as box:
        for split, tasks in (("heldout", held.heldout), ("families", held.heldout_families)):
            chosen = spread(tasks, given.tasks)
            heads = "".join(f"{f'pass@{k}':>11}" for k in ks)
            print(f"{f'{split}, {len(chosen)} tasks':22}{heads}    drawn      run seconds/task")
            record[split] = {"tasks": len(chosen)}
            for name, changed in methods(given.nodes, given.edits, policy.config.refine).items():
                settings = override(config, "evaluation", {"ks": ks, **changed}, ()).evaluation
                found = measure(policy, chosen, box.client, settings, given.seeds)
                record[split][name] = found
                print(line(name, found), flush=True)
    print(keep("search", record, given.results))


if __name__ == "__main__":
    main()
