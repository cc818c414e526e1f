"""Our train step beside the published one, of the same configuration, in one run.

    python -m benchmarks.train_step [--steps 6] [--rows 2] [--out FOLDER]

27 million parameters on random puzzles of 81 cells, float32, one CPU thread; steps take turns and
CPU time counts. Three contenders start from the same weights:

    reference       benchmarks/reference_step.py: the published step, its second forward included
    same target     ours with q_target=second_forward: the very same arithmetic
    bootstrapped    ours with the default q_target: the next step's forward teaches continuing

The losses of every step must be equal: of `same target` whole, of `bootstrapped` without the
continuing value's own loss, which is learned a step late. Exits 1 where they are not.
"""

import argparse
import json
import statistics
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.clock import HERE, Place, seconds
from benchmarks.reference_step import Reference, Shape, State, solved
from evaluation import machine
from learner.config import OptimizerConfig
from learner.optim import make_optimizer
from policy.config import HRMConfig
from policy.precision import autocast
from policy.puzzle import (
    PuzzleBatch,
    PuzzleCarry,
    PuzzleHRM,
    PuzzleShape,
    puzzle_loss,
    stablemax_cross_entropy,
)

PUBLISHED = Shape()
CELLS, VOCABULARY, TASKS = 81, 11, 4
OPTIMIZER = OptimizerConfig(learning_rate=1e-4, weight_decay=0.1)
WHOLE_TOLERANCE = 1e-4
"""Relative: float32 through AdamW, which divides by the root of small second moments."""
PART_TOLERANCE = 1e-3
"""Relative: continuing's own gradient, which only the reference sends through the network."""


class Contender(Protocol):
    """Something that trains."""

    def step(self, batch: PuzzleBatch) -> tuple[float, float]:
        """Train once; give the loss of a row, and that without continuing."""


class Theirs:
    """The reference with torch's AdamW as it comes."""

    def __init__(self, model: PuzzleHRM, shape: Shape) -> None:
        self.model = Reference(model.state_dict(), shape, CELLS)
        trained = [w for w in self.model.weights.values() if w.requires_grad]
        decay = OPTIMIZER.weight_decay
        matrices, vectors = ([w for w in trained if (w.ndim >= 2) is yes] for yes in (True, False))
        groups: list[dict[str, Any]] = [
            {"params": matrices, "weight_decay": decay},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(
            groups, lr=OPTIMIZER.learning_rate, betas=(OPTIMIZER.beta1, OPTIMIZER.beta2)
        )
        self.state: State | None = None

    def step(self, batch: PuzzleBatch) -> tuple[float, float]:
        """See `Contender.step`."""
        rows = len(batch.tasks)
        state = self.state or self.model.start(*batch)
        self.state, loss, rest = self.model.step(state, *batch)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss / rows)
        self.optimizer.step()
        return loss.item() / rows, rest.item() / rows


class Ours:
    """The puzzle mode with the learner's optimizer."""

    def __init__(self, model: PuzzleHRM) -> None:
        self.model = model.train()
        self.optimizer = make_optimizer(model, OPTIMIZER)
        self.carry: PuzzleCarry | None = None

    def step(self, batch: PuzzleBatch) -> tuple[float, float]:
        """See `Contender.step`."""
        rows = len(batch.tasks)
        self.carry, output = self.model(self.carry or self.model.start(batch), batch)
        labels = self.carry.batch.labels
        loss = puzzle_loss(output, labels, "stablemax_cross_entropy")
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss / rows)
        self.optimizer.step()
        return loss.item() / rows, _rest(output.logits.detach(), output.q_halt, labels) / rows


def _rest(logits: Tensor, q_halt: Tensor, labels: Tensor) -> float:
    tokens = stablemax_cross_entropy(logits, labels).mean(-1).sum()
    halting = functional.binary_cross_entropy_with_logits(
        q_halt.detach(), solved(logits, labels), reduction="sum"
    )
    return float(tokens + 0.5 * halting)


@dataclass
class Measured:
    """What one contender did."""

    losses: list[float] = field(default_factory=list)
    """A row's, by step."""
    losses_without_continuing: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Of the steps' seconds but the first, which warms up."""
        return statistics.median(self.seconds[1:])


def contenders(shape: Shape, device: torch.device) -> dict[str, Contender]:
    """Build all three with the same weights."""
    models = []
    for target in ("second_forward", "bootstrapped"):
        config = HRMConfig.model_validate(
            {
                "width": shape.width,
                "heads": shape.heads,
                "kv_heads": shape.heads,
                "expansion": 4.0,
                "round_inner_to": 256,
                "h_layers": shape.layers,
                "l_layers": shape.layers,
                "h_cycles": shape.h_cycles,
                "l_cycles": shape.l_cycles,
                "gradient_horizon": 1,
                "q_target": target,
            }
        )
        torch.manual_seed(0)
        sizes = PuzzleShape(VOCABULARY, CELLS, TASKS, shape.width, shape.max_steps)
        model = PuzzleHRM(config, sizes)
        nn.init.normal_(model.tasks, std=shape.width**-0.5)
        models.append(model.to(device))
    same, bootstrapped = models
    return {
        "reference": Theirs(same, shape),
        "same target": Ours(same),
        "bootstrapped": Ours(bootstrapped),
    }


def batches(steps: int, rows: int, device: torch.device) -> list[PuzzleBatch]:
    """Random puzzles whose labels follow from their inputs."""
    generator = torch.Generator().manual_seed(1)
    found = []
    for _ in range(steps):
        inputs = torch.randint(1, VOCABULARY, (rows, CELLS), generator=generator)
        tasks = torch.randint(TASKS, (rows,), generator=generator)
        batch = inputs, (inputs + 3) % VOCABULARY, tasks
        found.append(PuzzleBatch(*(values.to(device) for values in batch)))
    return found


def measure(
    steps: int, rows: int, place: Place = HERE, shape: Shape = PUBLISHED
) -> dict[str, Measured]:
    """Let the contenders take turns; the first step warms up and counts for losses only."""
    torch.set_num_threads(1)
    taking_turns = contenders(shape, place.device)
    found = {name: Measured() for name in taking_turns}
    for batch in batches(1 + steps, rows, place.device):
        for name, contender in taking_turns.items():
            took = seconds(partial(_step, contender, batch, place, found[name]), place.device)
            found[name].seconds.append(took)
    return found


def _step(contender: Contender, batch: PuzzleBatch, place: Place, found: Measured) -> None:
    with autocast(place.precision, place.device):
        loss, rest = contender.step(batch)
    found.losses.append(loss)
    found.losses_without_continuing.append(rest)


def differences(found: dict[str, Measured]) -> tuple[float, float]:
    """Give the largest relative difference of the losses: the whole, and without continuing."""
    reference = found["reference"]
    return (
        _largest(reference.losses, found["same target"].losses),
        _largest(
            reference.losses_without_continuing, found["bootstrapped"].losses_without_continuing
        ),
    )


def _largest(ours: list[float], theirs: list[float]) -> float:
    return max(abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True))


def main() -> None:
    """Measure, print, write, and fail where losses differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rows", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    given = parser.parse_args()
    found = measure(given.steps, given.rows)
    medians = {name: one.median for name, one in found.items()}
    ratios = {name: medians["reference"] / each for name, each in medians.items()}
    for name in found:
        print(f"{name:15} {medians[name]:8.3f} s CPU a step   {ratios[name]:5.2f} x")
    whole, part = differences(found)
    print(
        f"losses differ by {whole:.1e} (same target), {part:.1e} (bootstrapped, without continuing)"
    )
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine.describe()),
        "rows": given.rows,
        "median_cpu_seconds": medians,
        "times_as_fast_as_the_reference": ratios,
        "largest_relative_loss_difference": {"same target": whole, "bootstrapped": part},
        "measured": {name: asdict(one) for name, one in found.items()},
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "train_step.json").write_text(json.dumps(result, indent=2) + "\n")
    sys.exit(whole > WHOLE_TOLERANCE or part > PART_TOLERANCE)


if __name__ == "__main__":
    main()
