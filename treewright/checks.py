"""`treewright policy …`: checks of the grammar and the network, each with an exit status."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import click

FAILED = 1


def roundtrip(paths: Sequence[Path]) -> int:
    """Encode and decode every Python file under `paths`; 1 when one does not come back exactly."""
    from policy.grammar.roundtrip import roundtrip as check

    found = check(paths)
    click.echo(
        f"{found.files} files, {len(found.unparsable)} that Python itself can't parse; of the "
        f"others {found.exact} exact ({found.share:.2%}), {len(found.failures)} failed"
    )
    for path, reason in found.failures:
        click.echo(f"{path}: {reason}", err=True)
    return FAILED if found.failures else 0


def sample(number: int, budgets: str, edits: int, seed: int, require: tuple[str, ...]) -> int:
    """Sample an untrained policy, as many programs in each profile and budget.

    Returns 1 when one does not compile, is longer than its budget or lacks what is required.
    """
    import torch

    from policy.grammar import PROFILES
    from policy.untrained import compile_share

    torch.set_num_threads(1)  # the tensors are small: more threads only wait for each other
    status, pairs = 0, list(product(PROFILES, _budgets(budgets)))
    for at, (profile, budget) in enumerate(pairs):
        count = number // len(pairs) + (at < number % len(pairs))
        if not count:
            continue
        found = compile_share(
            count, profile=profile, max_actions=budget, edits=edits, require=require, seed=seed
        )
        held = f", {found.holding} hold {', '.join(require)}" if require else ""
        click.echo(
            f"profile {profile}, at most {budget} actions: {found.compiled} of {found.programs} "
            f"compile, {found.within} inside the budget{held}, "
            f"{found.actions / found.programs:.1f} actions a program"
        )
        for source in found.failures:
            click.echo(
                f"does not compile, is too long or lacks what is required:\n{source}", err=True
            )
        status = status if found.kept else FAILED
    return status


def _budgets(text: str) -> list[int]:
    from treewright.config import ConfigError

    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 2:
        raise ConfigError(f"--budgets: comma-separated numbers of actions from 2 on, got {text!r}")
    return found


def parity(files: Sequence[Path]) -> int:
    """Compare the network with published values; 1 when an error is over its bound."""
    from policy.parity import GRADIENT_TOLERANCE, OUTPUT_TOLERANCE, check

    passed = True
    for file in files:
        found = check(file)
        passed &= found.passed
        click.echo(
            f"{file.name}: {'ok' if found.passed else 'FAILED'}, {found.steps} steps, "
            f"outputs {found.outputs:.1e}, carries {found.carries:.1e}, losses {found.losses:.1e} "
            f"(bound {OUTPUT_TOLERANCE:.0e}), gradients {found.gradients:.1e} "
            f"(bound {GRADIENT_TOLERANCE:.0e}), "
            f"halting {'as published' if found.halting else 'differs'}"
        )
    return 0 if passed else FAILED
