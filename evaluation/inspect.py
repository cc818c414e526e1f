"""A run or a checkpoint as text for a terminal: curves, pass rates, verdicts, programs as trees."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from torch import Tensor

from evaluation.charts import Unit, shown
from evaluation.curves import RUN_FIGURES, SPLITS, loss_terms
from evaluation.records import EditRecord, SampleRecord, TrainRecord
from evaluation.report import chosen, headline, mixes, run_name, stage_rows, told_precision
from evaluation.run_folder import Run
from evaluation.tree import terminal
from policy.diffs import unified_diff

_BARS = "▁▂▃▄▅▆▇█"
_SPARK_WIDTH = 40


def run_summary(run: Run, *, programs: int = 3) -> Group:
    """Return a run's pass rates, curves, verdicts and `programs` of its newest programs."""
    parts: list[RenderableType] = [Text(run_name(run), style="bold")]
    if run.info and run.info.precision:
        parts.append(Text(f"precision: {told_precision(run.info.precision)}"))
    parts.append(_pass_rates(run))
    if run.train:
        parts.append(_curves(run.train))
    parts.append(_verdicts(run))
    parts += [_program(sample) for sample in chosen(run.samples, programs)]
    return Group(*parts)


def checkpoint_summary(
    title: str,
    *,
    steps: int,
    policy_version: int,
    grammar_version: str,
    text_version: str,
    tensors: Mapping[str, Tensor],
) -> Table:
    """Return what a checkpoint holds: its place in training and its tensors by their first name."""
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    table.add_row("learner steps", f"{steps:,}")
    table.add_row("policy version", f"{policy_version:,}")
    table.add_row("grammar", grammar_version)
    table.add_row("text vocabulary", text_version)
    for part, names in groupby(sorted(tensors), key=lambda name: name.split(".")[0]):
        members = [tensors[name] for name in names]
        numbers = sum(tensor.numel() for tensor in members)
        table.add_row(part, f"{numbers:,} numbers in {len(members):,} tensors")
    return table


def sparkline(values: Sequence[float], width: int = _SPARK_WIDTH) -> str:
    """Return `values` as a row of bars from their least to their greatest, `width` at most."""
    if not values:
        return ""
    count = min(width, len(values))
    edges = [index * len(values) // count for index in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(_BARS[round((mean - low) / span * (len(_BARS) - 1))] for mean in means)


def _pass_rates(run: Run) -> RenderableType:
    heads = [head for split in SPLITS if (head := headline(run, None, split))]
    if not heads:
        return Text("no evaluation recorded yet", style="dim")
    table = Table(box=None, padding=(0, 2))
    for title in ("unseen tasks", "stage", "tasks", "before", "after"):
        table.add_column(title, justify="left" if title in ("unseen tasks", "stage") else "right")
    for head in heads:
        how = f" ({head.conditions})" if head.conditions else ""
        table.add_row(
            f"{head.title}, pass@{head.k}{how}",
            "all",
            str(head.tasks),
            _percent(head.before),
            _percent(head.after),
            style="bold",
        )
        for row in stage_rows(run, None):
            if row.split == head.title:
                rates = (_percent(row.before), _percent(row.after))
                table.add_row("", row.stage, str(row.tasks), *rates)
    return table


def _curves(records: Sequence[TrainRecord]) -> Table:
    last = records[-1]
    title = f"{last.step:,} learner steps, {last.seconds / 60:.1f} minutes"
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    for name, unit, value in RUN_FIGURES:
        _add_curve(table, name, unit, [value(record) for record in records])
    for term in loss_terms(records):
        label = "loss" if term == "total" else f"loss: {term.replace('_', ' ')}"
        _add_curve(table, label, "number", [record.loss.get(term) for record in records])
    return table


def _add_curve(table: Table, name: str, unit: Unit, values: Sequence[float | None]) -> None:
    known = [value for value in values if value is not None]
    if known:
        first, last = shown(known[0], unit), shown(known[-1], unit)
        table.add_row(name, Text(sparkline(known), style="cyan"), f"{first} → {last}")


def _verdicts(run: Run) -> RenderableType:
    table = Table(show_header=False, box=None, padding=(0, 2))
    for mix in mixes(run):
        parts = (f"{name.replace('_', ' ').lower()} {share:.1%}" for name, _, share in mix.parts)
        table.add_row(mix.title, ", ".join(parts))
    return table


def _program(sample: SampleRecord) -> Panel:
    verdict = sample.verdict.replace("_", " ").lower()
    source = Syntax(sample.program.strip(), "python", theme="ansi_dark", background_color="default")
    try:
        body: RenderableType = Columns(
            [source, terminal(ast.parse(sample.program))], padding=(0, 6)
        )
    except (SyntaxError, ValueError):
        body = source
    title = Text(
        f"{sample.task_id}: {verdict}, {sample.tests_passed} of {sample.tests_total} tests"
    )
    parts = [Text(sample.description, style="dim"), *_edits(sample.edits), body]
    return Panel(Group(*parts), title=title, title_align="left")


def _edits(edits: Sequence[EditRecord]) -> Iterator[RenderableType]:
    """Tell what each edit of an episode wrote, and what the visible examples said of it."""
    before = ""
    for number, edit in enumerate(edits, 1):
        where = f"at {edit.node_pointer}" if edit.node_pointer else "of the whole program"
        said = f"{edit.examples_passed} of {edit.examples_total} examples"
        yield Text(f"edit {number} {where}: {said}", style="bold")
        diff = unified_diff(before, edit.source)
        yield Syntax(diff.rstrip(), "diff", theme="ansi_dark", background_color="default")
        before = edit.source


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.1%}"
