"""`treewright synth`: a function from its signature and examples."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import torch

from evaluation.config import EvaluationConfig
from evaluation.harness import evaluate
from evaluation.search.tasks import search_tasks
from policy.model import Policy
from sandbox.client import SandboxClient
from tasks.schema import Task
from tasks.synth import from_text
from treewright import stored
from treewright.config import override
from treewright.evaluate import refuse_samples
from treewright.parts import check_sampling, sandbox, with_target

NONE_FOUND = 1
_SAMPLES = 64


def run(
    checkpoint: Path,
    signature: str,
    examples: Sequence[str],
    description: str,
    samples: int | None,
    temperature: float,
    target: str | None,
    seed: int,
    timings: bool,
    overrides: Sequence[str],
) -> int:
    """Print the best program that agrees with every example; 1 when none does."""
    began = time.monotonic()
    task = from_text(signature, examples, description=description)
    policy, config = stored.load_to_sample(checkpoint)
    torch.set_num_threads(config.learner.torch_threads)
    changed = {"samples": samples or _SAMPLES, "ks": (1,), "temperature": temperature}
    config = override(config, "evaluation", changed, overrides)
    refuse_samples(config.evaluation, samples)
    check_sampling(config)
    generator = torch.Generator().manual_seed(seed)
    loaded = time.monotonic()
    with sandbox(with_target(config, target)) as box:
        seconds = {"load": loaded - began, "start the sandbox": time.monotonic() - loaded}
        find = _sampled if config.evaluation.search == "none" else _searched
        answer = find(policy, task, box.client, config.evaluation, generator)
    if answer.source is not None:
        click.echo(answer.source.rstrip())
    click.echo(answer.note, err=True)
    if timings:
        parts = (f"{name} {value:.3f} s" for name, value in (seconds | answer.seconds).items())
        click.echo(f"# {', '.join(parts)}", err=True)
    return NONE_FOUND if answer.source is None else 0


@dataclass(frozen=True)
class _Answer:
    """What to print."""

    source: str | None
    """A program that agrees with every example, if one was found."""
    note: str
    seconds: dict[str, float]


def _sampled(
    policy: Policy,
    task: Task,
    client: SandboxClient,
    settings: EvaluationConfig,
    generator: torch.Generator,
) -> _Answer:
    """Sample programs; the shortest that agrees."""
    result = evaluate(policy, [task], client, settings, generator=generator)
    (found,) = result.tasks
    seconds = {"sample and run": result.seconds}
    if found.best is None or not found.correct:
        best = found.best.tests_passed if found.best else 0
        return _Answer(
            None,
            f"none of {found.samples} samples agrees with all {len(task.examples)} examples "
            f"(the best with {best}): give a description, more --samples or another checkpoint",
            seconds,
        )
    note = f"# {found.correct} of {found.samples} samples agree with every example"
    return _Answer(found.best.source, note, seconds)


def _searched(
    policy: Policy,
    task: Task,
    client: SandboxClient,
    settings: EvaluationConfig,
    generator: torch.Generator,
) -> _Answer:
    """Search; the best of the ranking."""
    searched = search_tasks(policy, [task], client, settings, generator)
    (found,) = searched.found
    seconds = {"encode and sample": searched.draw_seconds, "run": searched.run_seconds}
    spent = f"{found.drawn} drawn, {len(found.nodes)} run, {searched.seconds:.2f} s"
    best = next(iter(found.ranked), None)
    if best is None or not best.agrees:
        passed = best.passed if best else 0
        return _Answer(
            None,
            f"no program agrees with all {len(task.examples)} examples (the best with {passed}; "
            f"{spent}): give a description, more search_nodes or another checkpoint",
            seconds,
        )
    agree = sum(node.agrees for node in found.nodes)
    note = f"# {agree} of {len(found.nodes)} programs agree with every example ({spent})"
    return _Answer(best.source, note, seconds)
