"""`treewright eval`: pass@k of a checkpoint on tasks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click
import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from evaluation.harness import evaluate
from evaluation.records import EvaluationResult
from learner.heldout import StrategyScore, score
from learner.supervised import SupervisedRows
from policy.device import placed
from policy.model import Policy
from tasks import sources
from tasks.schema import Task
from treewright import stored
from treewright.config import Config, ConfigError, override
from treewright.sampling import check_sampling, refuse_samples, sandbox, with_target


def run(
    checkpoint: Path,
    tasks: str,
    ks: str,
    samples: int | None,
    temperature: float,
    threads: int | None,
    limit: int | None,
    target: str | None,
    seed: int,
    as_json: bool,
    overrides: Sequence[str],
) -> None:
    """Evaluate and print a table, or one JSON object."""
    policy, config = stored.load_to_sample(checkpoint)
    torch.set_num_threads(threads or config.learner.torch_threads)
    numbers = _numbers(ks)
    changed = {"ks": numbers, "temperature": temperature, "samples": samples or max(numbers)}
    config = override(config, "evaluation", changed, overrides)
    settings = config.evaluation
    refuse_samples(settings, samples)
    check_sampling(config)
    policy = placed(policy, settings.device, settings.section)
    chosen = sources.evaluation_tasks(tasks, config.tasks)[:limit]
    console = Console(stderr=True)
    with (
        sandbox(with_target(config, target)) as box,
        Progress(console=console, transient=True) as progress,
    ):
        bar = progress.add_task("programs", total=len(chosen) * settings.programs)
        result = evaluate(
            policy,
            chosen,
            box.client,
            settings,
            generator=torch.Generator().manual_seed(seed),
            on_progress=lambda now: progress.update(bar, completed=now.samples_judged),
        )
    strategy = _strategy(policy, chosen, config)
    if as_json:
        found = {name: asdict(head) for name, head in strategy.items()}
        click.echo(json.dumps(result.to_json() | {"strategy": found}))
    else:
        Console().print(_table(result))
        Console().print(f"sampled in {result.precision}", highlight=False)
        if result.conditions:
            Console().print(
                f"{result.conditions}: {result.executed / len(result.tasks):.1f} run on average, "
                f"{result.seconds:.1f} s",
                highlight=False,
                soft_wrap=True,
            )
        for name, head in strategy.items():
            Console().print(
                f"strategy, {name}: {100 * head.accuracy:.1f} % right "
                f"({100 * head.majority:.1f} % by the commonest of {head.classes} classes)",
                highlight=False,
            )


def _strategy(
    policy: Policy, chosen: Sequence[Task], config: Config
) -> Mapping[str, StrategyScore]:
    """Score the H level's strategy heads on the tasks whose reference the grammar can write."""
    if all(task.reference is None for task in chosen):
        return {}
    rows = SupervisedRows(
        chosen,
        config.model,
        config.learner,
        profile=config.evaluation.profile,
        max_actions=config.evaluation.max_actions,
        seed=config.seed,
    ).every()
    return score(policy, rows).strategy if rows else {}


def _numbers(text: str) -> tuple[int, ...]:
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise ConfigError(f"--k {text}: expected numbers from 1 on with commas, such as 1,10")
    return found


def _table(result: EvaluationResult) -> Table:
    table = Table(box=None)
    for title in ("", "tasks", *(f"pass@{k}" for k in result.pass_at)):
        table.add_column(title, justify="left" if not title else "right")
    stages = [task.stage for task in result.tasks]
    rows = [("all", len(stages), result.pass_at)]
    rows += [(s, stages.count(s), rates) for s, rates in result.pass_at_by_stage.items()]
    for name, count, rates in rows:
        shown = ("–" if rate is None else f"{100 * rate:.2f} %" for rate in rates.values())
        table.add_row(name, str(count), *shown)
    return table
