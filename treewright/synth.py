"""`treewright synth --signature`: one function from its signature and examples."""

import time
from collections.abc import Iterator, Sequence

import click

from evaluation.search.node import Node
from evaluation.synthesis import Answer
from tasks.schema import Task
from tasks.synth import from_text
from treewright.solver import NONE_FOUND, Form, Options, edits, ready, timings


def run(signature: str, examples: Sequence[str], description: str, options: Options) -> int:
    """Print the best program that agrees with every example; 1 when none does."""
    task = from_text(signature, examples, description=description)
    with ready(options) as solver:
        began = time.monotonic()
        found = solver.find([task])
        taken = time.monotonic() - began
        searched = solver.settings.search != "none"
    (answer,) = found.answers
    if options.show_edits:
        for text in tell_edits(answer.episode, options.show_edits):
            click.echo(text, err=True)
    if answer.source is not None:
        click.echo(answer.source.rstrip())
    click.echo((_searched if searched else _sampled)(answer, task, taken), err=True)
    if options.timings:
        click.echo(timings(solver.policy, {**solver.seconds, **found.seconds}), err=True)
    return NONE_FOUND if answer.source is None else 0


def _sampled(answer: Answer, task: Task, seconds: float) -> str:
    """Tell how the samples did."""
    if answer.source is not None:
        spent = f"{answer.ran} distinct, {seconds:.2f} s"
        return f"# {answer.agree} of {answer.drawn} samples agree with every example ({spent})"
    return (
        f"none of {answer.drawn} samples agrees with all {len(task.examples)} examples (the best "
        f"with {answer.passed}): give a description, more --samples or another checkpoint"
    )


def _searched(answer: Answer, task: Task, seconds: float) -> str:
    """Tell how a search went."""
    spent = f"{answer.drawn} drawn, {answer.ran} run, {seconds:.2f} s"
    if answer.source is not None:
        return f"# {answer.agree} of {answer.ran} programs agree with every example ({spent})"
    return (
        f"no program agrees with all {len(task.examples)} examples (the best with {answer.passed}; "
        f"{spent}): give a description, more search_nodes or another checkpoint"
    )


def tell_edits(episode: Sequence[Node], form: Form) -> Iterator[str]:
    """Tell how each program of an episode came from the one before."""
    for node, change in edits(episode, form):
        passed = f"passes {node.passed} of {len(node.draft.feedback)} examples"
        yield f"# {node.pointer or 'the whole program'} written, {passed}:\n{change}"
