"""`treewright policy …`: checks of the grammar and the network, each with an exit status."""

from collections.abc import Sequence
from pathlib import Path

import click

FAILED = 1


def roundtrip(paths: Sequence[Path]) -> int:
    """Encode and decode every Python file under `paths`; 1 when one does not come back exactly."""
    from policy.grammar.roundtrip import check

    with click.progressbar(
        length=1, label="round trip", file=click.get_text_stream("stderr")
    ) as bar:
        found = check(paths)
        bar.update(1)
    click.echo(
        f"{found.files} files, {found.exact} exact, {len(found.failures)} failed, "
        f"{len(found.unparsable)} that Python itself can't parse"
    )
    for path, reason in found.failures:
        click.echo(f"{path}: {reason}", err=True)
    return FAILED if found.failures else 0


def sample(number: int, seed: int) -> int:
    """Sample an untrained policy, half of the programs in each profile; 1 when one does not compile."""
    from policy.grammar import PROFILES
    from policy.untrained import compile_share

    status = 0
    for at, profile in enumerate(PROFILES):
        count = number // len(PROFILES) + (at < number % len(PROFILES))
        if not count:
            continue
        found = compile_share(count, profile=profile, seed=seed)
        click.echo(
            f"profile {profile}: {found.compiled} of {found.programs} compile ({found.share:.2%}), "
            f"{found.actions / found.programs:.1f} actions a program"
        )
        for source in found.failures:
            click.echo(f"does not compile:\n{source}", err=True)
            status = FAILED
    return status


def parity(files: Sequence[Path]) -> int:
    """Compare the network with published values; 1 when an error is over its bound."""
    from policy.parity import GRADIENT_TOLERANCE, OUTPUT_TOLERANCE, check

    passed = True
    for file in files:
        found = check(file)
        passed &= found.passed
        click.echo(
            f"{file.name}: {found.steps} steps, outputs {found.outputs:.1e}, "
            f"carries {found.carries:.1e}, losses {found.losses:.1e} (bound {OUTPUT_TOLERANCE:.0e}), "
            f"gradients {found.gradients:.1e} (bound {GRADIENT_TOLERANCE:.0e}), halting "
            f"{'as published' if found.halting else 'differs'}: {'ok' if found.passed else 'FAILED'}"
        )
    return 0 if passed else FAILED
