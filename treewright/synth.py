"""`treewright synth`: a function from its signature and examples."""

from collections.abc import Sequence
from pathlib import Path

import click
import torch

from evaluation.harness import evaluate
from tasks.synth import from_text
from treewright import stored
from treewright.parts import sandbox, with_target

NONE_FOUND = 1


def run(
    checkpoint: Path,
    signature: str,
    examples: Sequence[str],
    description: str,
    samples: int,
    temperature: float,
    target: str | None,
    seed: int,
) -> int:
    """Print the shortest sample that agrees with every example; 1 when none does."""
    task = from_text(signature, examples, description=description)
    policy, config = stored.load_to_sample(checkpoint)
    torch.set_num_threads(config.learner.torch_threads)
    settings = config.evaluation.model_copy(
        update={"samples": samples, "ks": (1,), "temperature": temperature}
    )
    with sandbox(with_target(config, target)) as box:
        result = evaluate(
            policy, [task], box.client, settings, generator=torch.Generator().manual_seed(seed)
        )
    (found,) = result.tasks
    if found.best is None or not found.correct:
        best = found.best.tests_passed if found.best else 0
        click.echo(
            f"none of {found.samples} samples agrees with all {len(examples)} examples "
            f"(the best with {best}): give a description, more --samples or another checkpoint",
            err=True,
        )
        return NONE_FOUND
    click.echo(found.best.source.rstrip())
    click.echo(f"# {found.correct} of {found.samples} samples agree with every example", err=True)
    return 0
