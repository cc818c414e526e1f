"""What a problem costs one policy: `synth`'s search with it, a problem at a time.

    python -m benchmarks.problem RUN|EXPORT|base_27m [--threads 1 2] [--programs FILE]

The search is best_of, 8 programs of 64 actions at most, run in the sandbox. base_27m is of random
weights. With a file of programs (`write_programs`), the network is computed as ever and "as
trained" writes those, which are short and begin alike; "all different" it writes its own, which
use all their actions: the most that a problem can cost. Figures are medians over the problems.
Loading is not in them, nor the CPU of the sandbox, which is in the wall time. Prints JSON.
"""

import argparse
import json
import math
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.decode import MAX_ACTIONS, some_tasks, untrained
from benchmarks.measure import peak_bytes
from evaluation.config import EvaluationConfig
from evaluation.search.tasks import search_tasks
from policy.blocks import SpecReading
from policy.cache import StepMemory
from policy.grammar import PROFILES
from policy.grammar.grammar import PAD
from policy.model import Policy
from policy.precision import arithmetic
from policy.sampler import sample
from policy.spec import encode
from sandbox.client import SandboxClient
from tasks.schema import Task
from treewright import stored
from treewright.config import Config, override
from treewright.sampling import sandbox

RANDOM = "base_27m"
NODES = 8
SEARCH = {
    "device": "cpu",
    "search": "best_of",
    "search_nodes": NODES,
    "max_actions": MAX_ACTIONS,
    "ks": (1,),
}
Programs = Sequence[Sequence[int]]
"""What to write for a problem, as actions."""


class Guided(Policy):
    """Computes all that its network asks for, and then writes programs that another wrote."""

    next_actions: dict[tuple[int, ...], Counter[int]]
    prefixes: list[tuple[int, ...]]

    def follow(self, programs: Programs) -> None:
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


def load(path: Path) -> tuple[Policy, Config]:
    """Load a run, an export, or the policy of random weights."""
    return random_policy() if path == Path(RANDOM) else stored.load_to_sample(path)


def random_policy() -> tuple[Policy, Config]:
    """Give the large policy and the configuration of a run of it."""
    torch.manual_seed(0)
    policy = untrained(RANDOM)
    return policy, Config(model=policy.config, evaluation=EvaluationConfig(max_actions=MAX_ACTIONS))


def cost(
    path: Path, threads: Sequence[int], problems: int, programs: Path | None
) -> dict[str, dict[str, Any]]:
    """Measure one contender in this process: its figures, by the way and the number of threads."""
    began = time.monotonic()
    policy, config = load(path)
    made = {"precision": arithmetic(policy), "load_seconds": time.monotonic() - began}
    config = override(config, "evaluation", SEARCH, ())
    found: dict[str, dict[str, Any]] = {}
    ways: dict[str, Sequence[Programs]] = {"": ()}
    if programs is not None:
        ways = {"as trained, ": json.loads(programs.read_text()), "all different, ": ()}
        problems = len(ways["as trained, "]) - 1
    tasks = some_tasks(problems + 1)
    with sandbox(config) as box:
        for way, follow in ways.items():
            # One problem of many different programs takes as long as several others.
            some = tasks if follow or programs is None else tasks[:1]
            for count in threads:
                torch.set_num_threads(count)
                seconds = list(timed(policy, some, box.client, config, follow))
                # The first of several is not counted: it makes what is made once.
                columns = zip(*seconds[-max(1, len(seconds) - 1) :], strict=True)
                wall, drawing, cpu = map(statistics.median, columns)
                found[f"{way}{count} threads"] = made | {
                    "problem_seconds": wall,
                    "drawing_seconds": drawing,
                    "problem_cpu_seconds": cpu,
                    "peak_rss_bytes": peak_bytes(),
                }
    return found


def timed(
    policy: Policy,
    tasks: Sequence[Task],
    client: SandboxClient,
    config: Config,
    follow: Sequence[Programs],
) -> Iterator[tuple[float, float, float]]:
    """Search each task; yield wall seconds, those of drawing, and CPU seconds."""
    policy.__class__ = Guided if follow else Policy
    if follow:
        config = override(config, "evaluation", {"temperature": 1.0}, ())
    for seed, task in enumerate(tasks):
        if isinstance(policy, Guided):
            policy.follow(follow[seed])
        generator = torch.Generator().manual_seed(seed)
        cpu = time.process_time()
        found = search_tasks(policy, [task], client, config.evaluation, generator)
        yield found.seconds, found.draw_seconds, time.process_time() - cpu


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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("policy", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--problems", type=int, default=3, help="as many as FILE has, with one")
    parser.add_argument("--programs", type=Path)
    given = parser.parse_args()
    print(json.dumps(cost(given.policy, given.threads, given.problems, given.programs)))


if __name__ == "__main__":
    main()
