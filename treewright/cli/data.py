"""Commands of data sets and task files."""

from pathlib import Path

import click

from treewright.cli.group import PATH, main


@main.group()
def data() -> None:
    """Data sets and task files."""


@data.command("list")
def data_list() -> None:
    """Stages and data sets, with licences and where they come from."""
    from treewright.data import show

    show()


@data.command("fetch")
@click.argument("name")
def data_fetch(name: str) -> None:
    """Fetch a data set from its official source, check it, and keep it in the cache."""
    from tasks.datasets import fetch

    click.echo(str(fetch(name)))


@data.command("build")
@click.argument("name")
@click.option("--out", type=PATH, help="File to write [default: NAME.jsonl].")
def data_build(name: str, out: Path | None) -> None:
    """Write a stage or a data set as a task file."""
    from treewright.data import build

    build(name, out or Path(f"{name}.jsonl"))
