"""Commands that check the policy's grammar and network."""

import sys
from pathlib import Path

import click

from treewright.cli.group import main

_EXISTING = click.Path(path_type=Path, exists=True)


@main.group()
def policy() -> None:
    """Check the policy's grammar and network."""


@policy.command("roundtrip")
@click.argument("paths", nargs=-1, required=True, type=_EXISTING)
def policy_roundtrip(paths: tuple[Path, ...]) -> None:
    """Encode and decode every Python file of PATHS; exits 1 when one does not come back exactly."""
    from treewright.checks import roundtrip

    sys.exit(roundtrip(paths))


@policy.command("sample")
@click.option("--untrained", is_flag=True, required=True, help="Sample a policy of random weights.")
@click.option("--n", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--budgets", default="192", show_default=True, help="Actions, comma-separated.")
@click.option("--edits", type=click.IntRange(0), default=0, help="Edits of each, counted as well.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--require", multiple=True, help="A class of Python's ast that each must hold.")
def policy_sample(
    untrained: bool, n: int, budgets: str, edits: int, seed: int, require: tuple[str, ...]
) -> None:
    """How many of an untrained policy's samples compile within their budget; exits 1 if not all."""
    from treewright.checks import sample

    sys.exit(sample(n, budgets, edits, seed, require))


@policy.command("parity")
@click.argument("files", nargs=-1, required=True, type=_EXISTING)
def policy_parity(files: tuple[Path, ...]) -> None:
    """Largest relative error against a published network's values; exits 1 over the bounds."""
    from treewright.checks import parity

    sys.exit(parity(files))
