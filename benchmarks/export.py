"""Policies of few bits beside float32: how often they are right, and what a problem costs.

    python -m benchmarks.export --checkpoint RUN [--tasks 100] [--seeds 2] [--threads 1 2]

Contenders are the checkpoint and its exports, as `synth` and `eval` load them.

Rates: on the same tasks, which the run never trained on, with the same seeds. `nats` is the
cross-entropy of their references, an action: it has no noise of sampling.

Costs: those of `benchmarks.problem`, by a process of its own for each contender, of the
checkpoint's policy and of a base_27m of random weights, which writes what the checkpoint's policy
drew, and its own. Contenders take turns; figures are of the median round. Both exports compute
alike: the smaller is measured.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import torch

from benchmarks.measure import RESULTS, hardware, keep
from benchmarks.problem import RANDOM, random_policy, write_programs
from evaluation.harness import evaluate
from learner.heldout import score
from learner.supervised import SupervisedRows
from policy import export
from policy.model import Policy
from sandbox.client import SandboxClient
from tasks import sources
from tasks.schema import Task
from treewright import stored
from treewright.config import Config, override, to_plain
from treewright.sampling import sandbox
from treewright.services import spread


def rates(
    policy: Policy,
    tasks: Sequence[Task],
    client: SandboxClient,
    config: Config,
    seeds: int,
) -> dict[str, float]:
    """Evaluate once a seed."""
    settings = config.evaluation
    results = [
        evaluate(policy, tasks, client, settings, generator=torch.Generator().manual_seed(seed))
        for seed in range(seeds)
    ]
    found = {
        f"pass@{k}": statistics.fmean(result.pass_at[str(k)] or 0.0 for result in results)
        for k in settings.ks
    }
    rows = SupervisedRows(
        tasks,
        config.model,
        config.learner,
        profile=settings.profile,
        max_actions=settings.max_actions,
        seed=0,
    )
    return found | {"nats": score(policy, rows.every()).nats_per_action}


def compare_rates(
    paths: Mapping[str, Path], tasks: int, samples: int, seeds: int
) -> dict[str, Any]:
    """Give the rates of every contender on both kinds of tasks, float32's first."""
    record: dict[str, Any] = {}
    for name, path in paths.items():
        policy, config = stored.load_to_sample(path)
        changed = {"samples": samples, "ks": sorted({1, samples})}
        config = override(config, "evaluation", changed, ())
        held = sources.build(config.tasks)
        with sandbox(config) as box:
            for split, every in (("heldout", held.heldout), ("families", held.heldout_families)):
                chosen = spread(every, tasks)
                found = record.setdefault(split, {"tasks": len(chosen), "seeds": seeds})
                found[name] = rates(policy, chosen, box.client, config, seeds)
                first = next(iter(paths))
                print(line(f"{split}, {name}", found[name], found[first]), flush=True)
    return record


def line(name: str, found: dict[str, float], beside: dict[str, float]) -> str:
    """One contender's rates, and what they are of float32's."""
    told = [
        f"{key} {100 * value:5.1f} % ({value / beside[key] if beside[key] else float('nan'):.3f})"
        for key, value in found.items()
        if key.startswith("pass@")
    ]
    told.append(f"{found['nats']:.4f} nats ({found['nats'] / beside['nats']:.3f})")
    return f"{name:42} {'  '.join(told)}"


def export_all(policy: Policy, config: Config, folder: Path) -> dict[str, Path]:
    """Write a policy's exports; where each lies."""
    paths = {f"{bits} export": folder / bits for bits in get_args(export.Bits)}
    for bits, path in zip(get_args(export.Bits), paths.values(), strict=True):
        export.write(path, policy, to_plain(config), bits)
    return paths


def compare_costs(
    paths: Mapping[str, Path], programs: Path, threads: Sequence[int], problems: int, rounds: int
) -> dict[str, Any]:
    """Measure the contenders in turn; give the median round of each."""
    found: dict[str, list[dict[str, Any]]] = {}
    for _, (name, path) in itertools.product(range(rounds), paths.items()):
        given = [path, "--threads", *threads, "--problems", problems]
        if name.startswith(RANDOM):
            given += ["--programs", programs]
        for way, made in _apart(*given).items():
            found.setdefault(f"{name}, {way}", []).append(made)
            print(
                f"{f'{name}, {way}':52} {made['problem_seconds']:6.2f} s a problem "
                f"({made['drawing_seconds']:.2f} drawing, {made['problem_cpu_seconds']:.2f} CPU), "
                f"{made['peak_rss_bytes'] / 2**30:.2f} GiB, {made['precision']}",
                flush=True,
            )
    return {
        name: sorted(times, key=lambda made: float(made["problem_seconds"]))[len(times) // 2]
        for name, times in found.items()
    }


def compare(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Compare the rates and the costs of all contenders; exports are written to `folder`."""
    trained = {"float32": given.checkpoint}
    trained |= export_all(*stored.load_to_sample(given.checkpoint), folder / "trained")
    large = {"float32": Path(RANDOM)} | export_all(*random_policy(), folder / RANDOM)
    record: dict[str, Any] = {
        "rates": compare_rates(trained, given.tasks, given.samples, given.seeds)
    }
    programs = folder / "programs.json"
    write_programs(given.checkpoint, given.problems, programs)
    contenders = {
        f"{size}, {kind}": paths[kind]
        for size, paths in (("trained", trained), (RANDOM, large))
        for kind in ("float32", "int4 export")
    }
    record["costs"] = compare_costs(
        contenders, programs, given.threads, given.problems, given.rounds
    )
    record["weights_bytes"] = {
        f"{size}, {kind}": (path / export.WEIGHTS).stat().st_size
        for size, paths in (("trained", trained), (RANDOM, large))
        for kind, path in paths.items()
        if export.is_export(path)
    }
    return record


def _apart(*arguments: Any) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.problem", *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="a trained run")
    parser.add_argument("--tasks", type=int, default=100, help="of each split, for the rates")
    parser.add_argument("--samples", type=int, default=10, help="programs a task, for the rates")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--problems", type=int, default=3, help="for the costs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    record: dict[str, Any] = {"hardware": hardware(), "torch": torch.__version__}
    with tempfile.TemporaryDirectory() as folder:
        record |= compare(given, Path(folder))
    print(keep("export", record, given.results))


if __name__ == "__main__":
    main()
