"""`treewright export`: a run's policy in few bits, for sampling on any CPU."""

from pathlib import Path

import click

from policy import export
from treewright import stored


def run(checkpoint: Path, out: Path, weights: export.Bits) -> None:
    """Write the folder and say how large it is."""
    policy, found, _ = stored.load(checkpoint)
    config = stored.without_secrets(found)
    size = export.write(out, policy, config, weights)
    full = sum(value.numel() * value.element_size() for value in policy.state_dict().values())
    click.echo(
        f"{out}: {size / 2**20:.1f} MiB of weights, {full / 2**20:.1f} MiB in the checkpoint"
    )
