"""`treewright synth`: a function from its signature and examples."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import torch

from evaluation.config import EvaluationConfig
from evaluation.harness import evaluate
from evaluation.search.node import Node
from evaluation.search.tasks import search_tasks
from policy.diffs import SearchReplace, unified_diff
from policy.model import Policy
from sandbox.client import SandboxClient
from tasks.schema import Task
from tasks.synth import from_text
from treewright import stored
from treewright.config import ConfigError, override
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
    show_edits: Literal["diff", "blocks"] | None,
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
    if show_edits and config.evaluation.max_edits == 1:
        raise ConfigError("--show-edits: nothing is edited without a search and max_edits above 1")
    generator = torch.Generator().manual_seed(seed)
    loaded = time.monotonic()
    with sandbox(with_target(config, target)) as box:
        seconds = {"load": loaded - began, "start the sandbox": time.monotonic() - loaded}
        find = _sampled if config.evaluation.search == "none" else _searched
        answer = find(policy, task, box.client, config.evaluation, generator)
    if show_edits:
        for text in tell_edits(answer.episode, as_diffs=show_edits == "diff"):
            click.echo(text, err=True)
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
    episode: Sequence[Node] = ()
    """The programs that a search's best was edited from, and itself."""


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
            best.episode() if best else (),
        )
    agree = sum(node.agrees for node in found.nodes)
    note = f"# {agree} of {len(found.nodes)} programs agree with every example ({spent})"
    return _Answer(best.source, note, seconds, best.episode())


def tell_edits(episode: Sequence[Node], *, as_diffs: bool) -> Iterator[str]:
    """Tell how each program of an episode came from the one before."""
    for node in episode:
        old = node.parent.source if node.parent else ""
        change = (
            unified_diff(old, node.source) if as_diffs else SearchReplace.between(old, node.source)
        )
        passed = f"passes {node.passed} of {len(node.draft.feedback)} examples"
        yield f"# {node.pointer or 'the whole program'} written, {passed}:\n{change}"
