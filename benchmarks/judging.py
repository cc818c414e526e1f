"""How well Q-halt tells which programs pass the hidden tests: checkpoints side by side.

    python -m benchmarks.judging --checkpoint RUN OTHER_RUN [--tasks 100] [--samples 8]

All judge the same programs: what each of them samples for tasks held out from the first one's run.
`auc` is the chance that a right program is given more than a wrong one (0.5: it knows nothing),
`brier` the mean squared error of the probability (0.25: always a half). `examples` is no network:
it says 1 where every visible example passes and 0 elsewhere. What passes them is scored by itself
as well: there the examples can't tell.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.measure import RESULTS, hardware, keep
from evaluation.feedback import feedback, visible_program
from evaluation.programs import program_for
from learner.rows import Replay
from policy import spec
from policy.drafts import Draft
from policy.grammar import PROFILES
from policy.judging import judge, read
from policy.model import Policy
from policy.sampler import Sample, sample
from sandbox.client import SandboxClient
from sandbox.types import Limits, Verdict
from tasks import sources
from tasks.schema import Task
from treewright import stored
from treewright.config import Config
from treewright.sampling import sandbox
from treewright.services import spread

Values = NDArray[np.float64]
_ROWS = 256


@dataclass(frozen=True)
class Ran:
    """A program, and what became of it."""

    task: Task
    draft: Draft
    right: bool
    """Whether it passed the hidden tests."""

    @property
    def agrees(self) -> bool:
        """Whether it passed the visible examples."""
        return all(one.passed for one in self.draft.feedback)


def draw(policy: Policy, tasks: Sequence[Task], config: Config, samples: int) -> list[Sample]:
    """Sample first programs of each task, as actors do."""
    return sample(
        policy,
        [spec.encode(task, policy.config.spec) for task in tasks],
        samples,
        max_actions=config.actors.max_actions,
        profile=PROFILES[config.actors.profile],
        generator=torch.Generator().manual_seed(0),
        rows=_ROWS,
    )


def run(
    client: SandboxClient, tasks: Sequence[Task], drawn: Sequence[Sample], limits: Limits
) -> list[Ran]:
    """Run each task's distinct programs on its visible examples and on its hidden tests."""
    distinct = list({(one.task, one.source): one for one in drawn}.values())
    shown = client.execute(
        [visible_program(tasks[one.task], one.source, f"s{at}", limits)
         for at, one in enumerate(distinct)]
    )  # fmt: skip
    hidden = client.execute(
        [program_for(tasks[one.task], one.source, f"h{at}", limits)
         for at, one in enumerate(distinct)]
    )  # fmt: skip
    found = []
    for one, said, result in zip(distinct, shown, hidden, strict=True):
        task = tasks[one.task]
        draft = Draft(one.actions, feedback(task, said))
        right = result.verdict is Verdict.PASSED
        found.append(Ran(task, draft, right))
    return found


def q_halt(policy: Policy, programs: Sequence[Ran], config: Config) -> Values:
    """Give Q-halt of each program as a probability."""
    found: list[float] = []
    for start in range(0, len(programs), _ROWS):
        some = programs[start : start + _ROWS]
        if policy.config.judges_drafts:
            reading = read(policy, [one.task for one in some], [one.draft for one in some])
            found += [values.halt for values in judge(policy, reading)]
        else:
            found += _as_written(policy, some, config)
    return np.asarray(torch.tensor(found, dtype=torch.float64).sigmoid().numpy())


@torch.inference_mode()
def _as_written(policy: Policy, programs: Sequence[Ran], config: Config) -> list[float]:
    """Give the logits that the policy gives programs as it writes them."""
    specs = [spec.encode(one.task, policy.config.spec) for one in programs]
    actions = [one.draft.actions for one in programs]
    (root,) = {one.root for one in specs}
    rule = Replay(config.actors.profile, root, config.actors.max_actions)
    replayed = rule.programs([one.context for one in specs], actions)
    lengths = torch.tensor([len(one) for one in actions])
    valid = torch.arange(int(lengths.max())) < lengths[:, None]
    padded = torch.zeros(valid.shape, dtype=torch.int64)
    features = torch.zeros(*valid.shape, 6, dtype=torch.int64)
    for row, program in enumerate(replayed):
        if program is None:
            raise ValueError("the checkpoints' runs have different profiles or limits")
        padded[row, : len(program.actions)] = torch.from_numpy(program.actions)
        features[row, : len(program.actions)] = torch.from_numpy(program.features)
    states = policy.encode_spec(spec.collate(specs))
    output = policy(states, torch.arange(len(specs)), padded, features, valid)
    logits: list[float] = output.q_halt[-1].tolist()
    return logits


def auc(chances: Values, right: NDArray[np.bool_]) -> float:
    """Give the chance that a right program has a higher one than a wrong one; ties count half."""
    wrong, good = np.sort(chances[~right]), chances[right]
    below = np.searchsorted(wrong, good, "left") + np.searchsorted(wrong, good, "right")
    return float(below.mean() / 2 / len(wrong)) if len(wrong) and len(good) else float("nan")


def scores(chances: Values, right: NDArray[np.bool_]) -> dict[str, float]:
    """Score a judge."""
    brier = float(np.mean((chances - right) ** 2))
    return {"auc": auc(chances, right), "brier": brier, "mean": float(chances.mean())}


def table(judges: Mapping[str, Values], programs: Sequence[Ran]) -> dict[str, Any]:
    """Score and print every judge on all programs, and on those that pass their examples."""
    right = np.array([one.right for one in programs])
    agrees = np.array([one.agrees for one in programs])
    found: dict[str, Any] = {}
    for kind, chosen in (("all", agrees | ~agrees), ("examples passed", agrees)):
        share = right[chosen].mean()
        print(f"{kind}: {chosen.sum()} programs, {100 * share:.1f} % right")
        found[kind] = {"programs": int(chosen.sum()), "right": float(share)}
        for name, chances in judges.items():
            found[kind][name] = score = scores(chances[chosen], right[chosen])
            figures = "".join(f"  {key} {value:.3f}" for key, value in score.items())
            print(f"  {name:28}{figures}", flush=True)
    return found


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, nargs="+", required=True)
    parser.add_argument("--tasks", type=int, default=100, help="of each split")
    parser.add_argument("--samples", type=int, default=8, help="of each task and checkpoint")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    loaded = {path.name: stored.load_to_sample(path) for path in given.checkpoint}
    config = next(iter(loaded.values()))[1]
    record: dict[str, Any] = {"hardware": hardware(), "samples": given.samples}
    record["q_position"] = {name: one.config.hrm.q_position for name, (one, _) in loaded.items()}
    held = sources.build(config.tasks)
    with sandbox(config) as box:
        for split, every in (("heldout", held.heldout), ("families", held.heldout_families)):
            tasks = spread(every, given.tasks)
            drawn = [
                one
                for policy, _ in loaded.values()
                for one in draw(policy, tasks, config, given.samples)
            ]
            programs = run(box.client, tasks, drawn, config.actors.limits)
            judges = {"examples": np.array([float(one.agrees) for one in programs])}
            for name, (policy, _) in loaded.items():
                judges[name] = q_halt(policy, programs, config)
            print(f"{split}, {len(tasks)} tasks; ", end="")
            record[split] = {"tasks": len(tasks), **table(judges, programs)}
    print(keep("judging", record, given.results))


if __name__ == "__main__":
    main()
