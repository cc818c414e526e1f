"""Sampling in bfloat16 beside float32: how far log-probabilities are apart, and what is solved.

    python -m benchmarks.precision --checkpoint RUN [--tasks 50] [--samples 20] [--seeds 4]

The tasks are those held out from the run: new parameters of its families, and whole families. What
actors would draw of them, in either arithmetic, is scored by one full pass in either, as learners
do. Of an action that gives |the difference of the two log-probabilities|, and its importance ratio:
how often it lies outside the clip of the run's objective although the weights are the same. Then
pass@k of either, on the same tasks, over several seeds of the sampling.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor

from benchmarks.measure import RESULTS, hardware, keep
from evaluation.harness import evaluate
from policy.grammar import PROFILES, Automaton, Root
from policy.model import Policy
from policy.precision import Arithmetic, at_precision
from policy.sampler import Sample, sample
from policy.spec import Spec, collate, encode
from sandbox.client import SandboxClient
from tasks import sources
from tasks.schema import Task
from treewright import stored
from treewright.config import Config, override
from treewright.sampling import sandbox
from treewright.services import spread

KINDS: tuple[Arithmetic, ...] = get_args(Arithmetic)
_ROWS = 64
"""Programs that are scored together."""


@dataclass(frozen=True)
class Drawn:
    """Programs of some specs, drawn as actors draw."""

    specs: Sequence[Spec]
    programs: Sequence[Sample]
    config: Config

    @classmethod
    def of(cls, policy: Policy, tasks: Sequence[Task], config: Config, k: int) -> "Drawn":
        """Draw `k` programs a task."""
        actors, specs = config.actors, [encode(task, policy.config.spec) for task in tasks]
        made = sample(
            policy,
            specs,
            k,
            temperature=actors.temperature,
            max_actions=actors.max_actions,
            profile=PROFILES[actors.profile],
            generator=torch.Generator().manual_seed(0),
        )
        return cls(specs, made, config)

    def differences(self, policy: Policy) -> Tensor:
        """A full pass's log-probability of each action, less that of its drawing."""
        parts = range(0, len(self.programs), _ROWS)
        found = torch.cat([self._scored(policy, self.programs[at : at + _ROWS]) for at in parts])
        return found - torch.tensor([logprob for one in self.programs for logprob in one.logprobs])

    @torch.inference_mode()
    def _scored(self, policy: Policy, made: Sequence[Sample]) -> Tensor:
        actors, device = self.config.actors, torch.device("cpu")
        lengths = torch.tensor([len(one.actions) for one in made])
        actions = torch.zeros(len(made), int(lengths.max()), dtype=torch.int64)
        for row, one in zip(actions, made, strict=True):
            row[: len(one.actions)] = torch.tensor(one.actions)
        contexts = [self.specs[one.task].context for one in made]
        profile = PROFILES[actors.profile]
        machine = Automaton(profile, contexts, actors.max_actions, Root.BODY, device)
        trace = machine.replay(actions, lengths)
        states = policy.encode_spec(collate([self.specs[one.task] for one in made]))
        valid = torch.arange(actions.shape[1]) < lengths[:, None]
        output = policy(states, torch.arange(len(made)), actions, trace.features, valid)
        logits = (output.logits[-1] / actors.temperature).masked_fill(~trace.mask, -torch.inf)
        found: Tensor = logits.log_softmax(-1).gather(2, actions[..., None])[..., 0][valid]
        return found


def distances(difference: Tensor, config: Config) -> dict[str, float]:
    """Tell the distribution over actions."""
    size, ratio = difference.abs(), difference.exp()
    low, high = 1 - config.objective.clip_low, 1 + config.objective.clip_high
    return {
        "actions": len(difference),
        "median": size.median().item(),
        "p99": size.quantile(0.99).item(),
        "largest": size.max().item(),
        "outside_clip": ((ratio < low) | (ratio > high)).double().mean().item(),
    }


def apart(policy: Policy, tasks: Sequence[Task], config: Config, k: int) -> dict[str, Any]:
    """Distances of every actor to every learner."""
    policies = {kind: at_precision(policy, kind) for kind in KINDS}
    drawn = {kind: Drawn.of(policies[kind], tasks, config, k) for kind in KINDS}
    found = {}
    for actor, learner in product(KINDS, KINDS):
        one = distances(drawn[actor].differences(policies[learner]), config)
        found[f"drawn in {actor}, scored in {learner}"] = one
        print(
            f"  drawn in {actor:8}, scored in {learner:8}: median {one['median']:.1e}, "
            f"p99 {one['p99']:.1e}, largest {one['largest']:.1e}, "
            f"{one['outside_clip']:.3%} of {one['actions']:,.0f} actions outside the clip",
            flush=True,
        )
    return found


def solved(
    policy: Policy, tasks: Sequence[Task], client: SandboxClient, config: Config, seeds: int
) -> dict[str, Any]:
    """Rates of either arithmetic, one a seed of the sampling."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        settings = config.evaluation.model_copy(update={"precision": kind})
        results = [
            evaluate(policy, tasks, client, settings, generator=generator)
            for generator in (torch.Generator().manual_seed(seed) for seed in range(seeds))
        ]
        found[kind] = {f"pass@{k}": [one.pass_at[str(k)] for one in results] for k in settings.ks}
        told = (
            f"{name} {statistics.fmean(rates):.2%} ({', '.join(f'{rate:.2%}' for rate in rates)})"
            for name, rates in found[kind].items()
        )
        print(f"  {kind:8}: {', '.join(told)}", flush=True)
    return found


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--tasks", type=int, default=50, help="of each split")
    parser.add_argument("--samples", type=int, default=20, help="programs a task")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    policy, config = stored.load_to_sample(given.checkpoint)
    changed = {"samples": given.samples, "ks": sorted({1, min(10, given.samples)})}
    config = override(config, "evaluation", changed, ())
    record: dict[str, Any] = {"hardware": hardware(), "torch": torch.__version__}
    record |= {"trained": config.name, "samples": given.samples, "seeds": given.seeds}
    held = sources.build(config.tasks)
    with sandbox(config) as box:
        for split, tasks in (("heldout", held.heldout), ("families", held.heldout_families)):
            chosen = spread(tasks, given.tasks)
            print(f"{split}, {len(chosen)} tasks")
            record[split] = {
                "tasks": len(chosen),
                "apart": apart(policy, chosen, config, given.samples),
                "solved": solved(policy, chosen, box.client, config, given.seeds),
            }
    print(keep("precision", record, given.results))


if __name__ == "__main__":
    main()
