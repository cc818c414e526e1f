"""Policies of few bits beside float32: how often they are right, and what a problem costs.

    python -m benchmarks.export --checkpoint RUN [--tasks 100] [--seeds 2] [--threads 1 2]

Costs: `synth`'s search (best_of, 8 programs of 64 actions at most, run in the sandbox), a problem
at a time, by a process of its own for each contender and number of threads. Contenders are exports
of the checkpoint and of a base_27m of random weights, whose programs are all different and use all
their actions; "as trained" computes the same network and writes the programs that the checkpoint's
policy drew for the problem, which are shorter and begin alike. Contenders take turns; figures are
medians over the problems, of the median round. Loading is not in them, nor the CPU of the sandbox,
which is in the wall time.

Rates: the checkpoint's policy with its weights as they are, in 8 and in 4 bits, restored to float32
and multiplied as float16, on the same tasks, which the run never trained on, with the same seeds.
`nats` is the cross-entropy of their references, an action: it has no noise of sampling.
"""

import argparse
import copy
import itertools
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import torch

from benchmarks.decode import some_tasks, untrained
from benchmarks.measure import RESULTS, hardware, keep
from evaluation.config import EvaluationConfig
from evaluation.harness import evaluate
from evaluation.search.tasks import search_tasks
from learner.heldout import score
from learner.supervised import SupervisedRows
from policy import export
from policy.cache import StepMemory
from policy.grammar import PROFILES
from policy.grammar.grammar import PAD
from policy.half import use_float16
from policy.hrm import SpecReading
from policy.model import Policy
from policy.precision import arithmetic
from policy.sampler import sample
from policy.spec import encode
from sandbox.client import SandboxClient
from tasks import sources
from tasks.schema import Task
from treewright import stored
from treewright.config import Config, override, to_plain
from treewright.sampling import sandbox
from treewright.services import spread

RANDOM = "base_27m"
NODES, MAX_ACTIONS = 8, 64
SEARCH = {"search": "best_of", "search_nodes": NODES, "max_actions": MAX_ACTIONS, "ks": (1,)}


class Guided(Policy):
    """Computes all that its network asks for, and then writes programs that another wrote."""

    next_actions: dict[tuple[int, ...], Counter[int]]
    prefixes: list[tuple[int, ...]]

    def follow(self, programs: Sequence[Sequence[int]]) -> None:
        """Write these programs from now on, each as often as it is there."""
        self.next_actions = defaultdict(Counter)
        for program in programs:
            for at, action in enumerate(program):
                self.next_actions[tuple(program[:at])][action] += 1

    def step(self, reading: SpecReading, features: torch.Tensor, cache: StepMemory) -> torch.Tensor:
        """Compute a position, and remember where each row stands."""
        rows = zip(cache.known.tolist(), cache.ages.tolist(), strict=True)
        self.prefixes = [tuple(action - 1 for action in row[1 : age + 1]) for row, age in rows]
        return super().step(reading, features, cache)

    def project(self, state: torch.Tensor) -> torch.Tensor:
        """Compute the logits, and give those of the programs to follow."""
        logits = torch.full_like(super().project(state), -torch.inf)
        for row, prefix in enumerate(self.prefixes):
            # A finished row is asked as well; what it draws is not read.
            for action, count in self.next_actions.get(prefix, {PAD: 1}).items():
                logits[row, action] = math.log(count)
        return logits


def contenders(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """Give the policy in each way."""
    yield "float32", policy
    for bits in ("int8", "int4"):
        made = copy.deepcopy(policy)
        made.load_state_dict(export.restored(dict(export.quantised(policy.state_dict(), bits))))
        yield bits, made
        if use_float16(made):
            yield f"{bits}, float16 products", made


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


def compare_rates(checkpoint: Path, tasks: int, samples: int, seeds: int) -> dict[str, Any]:
    """Give the rates of every contender on both kinds of tasks, and their ratios to float32."""
    policy, config = stored.load_to_sample(checkpoint)
    changed = {"samples": samples, "ks": sorted({1, samples})}
    config = override(config, "evaluation", changed, ())
    held = sources.build(config.tasks)
    record: dict[str, Any] = {}
    with sandbox(config) as box:
        for split, every in (("heldout", held.heldout), ("families", held.heldout_families)):
            chosen = spread(every, tasks)
            found: dict[str, dict[str, float]] = {}
            for name, made in contenders(policy):
                found[name] = rates(made, chosen, box.client, config, seeds)
                print(line(f"{split}, {name}", found[name], found["float32"]), flush=True)
            record[split] = {"tasks": len(chosen), "seeds": seeds, **found}
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


def random_policy() -> tuple[Policy, Config]:
    """Give the large policy and the configuration of a run of it."""
    torch.manual_seed(0)
    policy = untrained(RANDOM)
    return policy, Config(model=policy.config, evaluation=EvaluationConfig(max_actions=MAX_ACTIONS))


def export_all(checkpoint: Path, folder: Path) -> dict[str, Path]:
    """Write what costs are measured of: name, and what `load` takes."""
    found = {"trained, float32": checkpoint, f"{RANDOM}, float32": Path(RANDOM)}
    for name, path in {"trained": checkpoint, RANDOM: Path(RANDOM)}.items():
        policy, config = load(path)
        for bits in get_args(export.Bits):
            found[f"{name}, {bits}"] = folder / f"{name}-{bits}"
            export.write(found[f"{name}, {bits}"], policy, to_plain(config), bits)
    return found


def load(path: Path) -> tuple[Policy, Config]:
    """Load a run, an export, or the policy of random weights."""
    return random_policy() if path == Path(RANDOM) else stored.load_to_sample(path)


def cost(path: Path, threads: int, problems: int, programs: Path | None) -> dict[str, Any]:
    """Measure one contender, in this process."""
    torch.set_num_threads(threads)
    began = time.monotonic()
    policy, config = load(path)
    loaded = time.monotonic() - began
    config = override(config, "evaluation", SEARCH, ())
    follow = json.loads(programs.read_text()) if programs else []
    if follow:
        policy.__class__ = Guided
        config = override(config, "evaluation", {"temperature": 1.0}, ())
    seconds: list[tuple[float, float, float]] = []
    with sandbox(config) as box:
        for seed, task in enumerate(some_tasks(problems + 1)):
            if isinstance(policy, Guided):
                policy.follow(follow[seed])
            generator = torch.Generator().manual_seed(seed)
            cpu = time.process_time()
            found = search_tasks(policy, [task], box.client, config.evaluation, generator)
            cpu = time.process_time() - cpu
            seconds.append((found.seconds, found.draw_seconds, cpu))
    # The first is not counted: it makes what is made once.
    wall, drawing, cpu = (statistics.median(column) for column in zip(*seconds[1:], strict=True))
    return {
        "precision": arithmetic(policy),
        "problem_seconds": wall,
        "drawing_seconds": drawing,
        "problem_cpu_seconds": cpu,
        "load_seconds": loaded,
        "peak_rss_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def write_programs(checkpoint: Path, problems: int, path: Path) -> None:
    """Write what the trained policy draws for the problems."""
    policy, config = stored.load_to_sample(checkpoint)
    drawn = sample(
        policy,
        [encode(task, policy.config.spec) for task in some_tasks(problems + 1)],
        NODES,
        temperature=config.evaluation.temperature,
        max_actions=MAX_ACTIONS,
        profile=PROFILES[config.evaluation.profile],
        generator=torch.Generator().manual_seed(0),
    )
    programs: list[list[tuple[int, ...]]] = [[] for _ in range(problems + 1)]
    for made in drawn:
        programs[made.task].append(made.actions)
    path.write_text(json.dumps(programs))


def compare_costs(
    checkpoint: Path, folder: Path, threads: Sequence[int], problems: int, rounds: int
) -> dict[str, Any]:
    """Measure each contender with each number of threads, in turn; give the median round."""
    paths, programs = export_all(checkpoint, folder), folder / "programs.json"
    write_programs(checkpoint, problems, programs)
    found: dict[str, list[dict[str, Any]]] = {}
    for _, count, (name, path) in itertools.product(range(rounds), threads, paths.items()):
        given = ["--cost", path, "--threads", count, "--problems", problems]
        ways = {name: given}
        if name.startswith(RANDOM):
            ways[f"{name}, as trained"] = [*given, "--programs", programs]
        for way, arguments in ways.items():
            made = _apart(*arguments)
            found.setdefault(f"{way}, {count} threads", []).append(made)
            print(
                f"{f'{way}, {count} threads':38} {made['problem_seconds']:6.2f} s a problem "
                f"({made['drawing_seconds']:.2f} drawing, {made['problem_cpu_seconds']:.2f} CPU), "
                f"{made['peak_rss_bytes'] / 2**30:.2f} GiB, {made['precision']}",
                flush=True,
            )
    record: dict[str, Any] = {
        name: sorted(times, key=lambda made: float(made["problem_seconds"]))[len(times) // 2]
        for name, times in found.items()
    }
    files = {name: path / export.WEIGHTS for name, path in paths.items()}
    record["weights_bytes"] = {n: file.stat().st_size for n, file in files.items() if file.exists()}
    return record


def _apart(*arguments: Any) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.export", *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, help="a trained run")
    parser.add_argument("--tasks", type=int, default=100, help="of each split, for the rates")
    parser.add_argument("--samples", type=int, default=10, help="programs a task, for the rates")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--problems", type=int, default=5, help="for the costs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cost", type=Path, help="measure this one only (used for each)")
    parser.add_argument("--programs", type=Path, help="what it writes (used for each)")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    if given.cost:
        print(json.dumps(cost(given.cost, given.threads[0], given.problems, given.programs)))
        return
    if given.checkpoint is None:
        parser.error("--checkpoint: a trained run is needed")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    record: dict[str, Any] = {"hardware": hardware(), "torch": torch.__version__}
    record["rates"] = compare_rates(given.checkpoint, given.tasks, given.samples, given.seeds)
    with tempfile.TemporaryDirectory() as folder:
        record["costs"] = compare_costs(
            given.checkpoint, Path(folder), given.threads, given.problems, given.rounds
        )
    print(keep("export", record, given.results))


if __name__ == "__main__":
    main()
