"""`treewright data …`: what can be trained on, and writing it as a task file."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tasks import datasets, sources
from tasks.config import TasksConfig
from tasks.families import FAMILIES


def show() -> None:
    """Print the stages and the data sets."""
    table = Table(box=None)
    for title in ("name", "what", "licence", "in the cache", "source"):
        table.add_column(title, overflow="fold")
    for stage, families in FAMILIES.items():
        table.add_row(stage, f"{len(families)} procedural families", "Apache-2.0", "made here", "")
    for one in datasets.DATASETS.values():
        cached = (datasets.cache_folder() / one.path).is_file()
        splits = ", ".join(one.splits)
        table.add_row(
            one.name, f"splits: {splits}", one.license, "yes" if cached else "no", one.url
        )
    Console().print(table)


def build(name: str, out: Path) -> None:
    """Write a task file, whole or not at all."""
    count = sources.write(name, out, TasksConfig())
    click.echo(f"{out}: {count} tasks")
