"""`treewright ablate`: settings of switches side by side, over seeds, with one budget for all.

A cell is one setting with one seed: a fresh policy, trained on the references of the training tasks
as a run would, then scored on held-out ones. Its result is a file of its own in OUT/cells, named by
the whole configuration, so that a finished cell is never run again and a changed one always is.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import torch
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from rich.console import Console

from evaluation import machine
from evaluation.harness import evaluate
from learner.batch import collate
from learner.heldout import Heldout, score
from learner.local import LocalBackend
from learner.step import build_policy
from learner.supervised import SupervisedRows
from policy.device import device_of, placed
from policy.size import Size, measure
from sandbox.client import SandboxClient
from tasks import sources
from tasks.schema import Task
from treewright.ablation_table import Cell, write_tables
from treewright.config import Config, ConfigError, load, to_plain
from treewright.sampling import sandbox
from treewright.signals import EXIT_INTERRUPTED, stopping

_CURVE_POINTS = 40


class Ablation(BaseModel):
    """What a file of switches holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    config: str | None = None
    """Configuration file that every setting starts from; none: the defaults."""
    overrides: tuple[str, ...] = ()
    """KEY=VALUE that every setting has."""
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1)
    """Seeds of weights and batches; each setting is trained with each."""
    seconds: float | None = Field(default=None, gt=0)
    """Time of a cell's updates: CPU seconds, or wall seconds on a GPU."""
    steps: int | None = Field(default=None, ge=1)
    """Updates of a cell."""
    evaluate_tasks: int = Field(default=0, ge=0)
    """Held-out tasks to sample programs for, judged by the sandbox; 0: no sandbox is needed."""
    settings: dict[str, tuple[str, ...]] = Field(min_length=1)
    """KEY=VALUE of each setting by its name; the first is what the others are compared with."""

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if (self.seconds is None) == (self.steps is None):
            raise ValueError("set one budget: either seconds or steps")
        return self


@dataclass(frozen=True)
class _Job:
    """A cell to be run."""

    setting: str
    seed: int
    config: Config
    path: Path


def run(switches: Path, out: Path | None) -> int:
    """Run every cell that is not finished, write the tables; return the exit status.

    Raises:
        ConfigError: the file of switches or one of its settings is wrong; before anything runs.
    """
    ablation = read(switches)
    out = out or Path("runs") / f"ablate-{switches.stem}"
    jobs = list(_jobs(ablation, out))
    sizes = {job.setting: measure(job.config.model) for job in jobs}
    (out / "cells").mkdir(parents=True, exist_ok=True)
    console = Console()
    with stopping(lambda: console.print("stopping; what is finished is kept")) as stop:
        missing = [job for job in jobs if not job.path.is_file()]
        console.print(f"{len(jobs) - len(missing)} of {len(jobs)} cells are finished: {out}")
        if ablation.evaluate_tasks and missing:
            with sandbox(missing[0].config) as box:
                _run_all(missing, ablation, sizes, box.client, stop, console)
        else:
            _run_all(missing, ablation, sizes, None, stop, console)
    cells = [_read_cell(job.path) for job in jobs if job.path.is_file()]
    if cells:
        console.print(write_tables(cells, tuple(ablation.settings), out), markup=False)
    return EXIT_INTERRUPTED if stop.is_set() else 0


def read(path: Path) -> Ablation:
    """Read a file of switches. Raises ConfigError."""
    try:
        values = yaml.safe_load(path.read_text())
        if not isinstance(values, dict):
            raise ConfigError(f"switches {path}: expected keys and values at the top")
        return Ablation.model_validate(values)
    except FileNotFoundError as error:
        raise ConfigError(f"file of switches {path} does not exist") from error
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"switches {path}: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "settings"
        raise ConfigError(f"switches {path}: {key}: {first['msg']}") from error


def _jobs(ablation: Ablation, out: Path) -> Iterator[_Job]:
    """All settings of a seed come before the next seed: what is stopped can still be compared."""
    base = Path(ablation.config) if ablation.config else None
    for seed in ablation.seeds:
        for setting, switches in ablation.settings.items():
            config = load(base, [*ablation.overrides, *switches, f"seed={seed}"])
            budget = [ablation.seconds, ablation.steps, ablation.evaluate_tasks]
            whole = json.dumps([to_plain(config), budget, setting], sort_keys=True)
            name = hashlib.sha256(whole.encode()).hexdigest()[:16]
            yield _Job(setting, seed, config, out / "cells" / f"{name}.json")


def _run_all(
    jobs: Sequence[_Job],
    ablation: Ablation,
    sizes: dict[str, Size],
    client: SandboxClient | None,
    stop: threading.Event,
    console: Console,
) -> None:
    for job in jobs:
        try:
            cell = _Run(job, ablation, stop).cell(sizes[job.setting], client)
        except ValueError as error:
            raise ConfigError(f"setting {job.setting!r}: {error}") from error
        if cell is None:
            return
        _write(job.path, json.dumps(asdict(cell), indent=1))
        console.print(
            f"{job.setting}, seed {job.seed}: {cell.steps} steps, "
            f"{cell.figures['held-out nats per action']:.4f} nats per action",
            highlight=False,
        )


class _Run:
    """One cell while it runs."""

    def __init__(self, job: _Job, ablation: Ablation, stop: threading.Event) -> None:
        self._job, self._ablation, self._stop = job, ablation, stop
        config = job.config
        tasks = sources.build(config.tasks)
        if not tasks.heldout:
            raise ValueError("no task is held out to score on: raise tasks.per_family")
        self._heldout = {"held-out": tasks.heldout, "new-family": tasks.heldout_families}
        self._rows = self._supervised(tasks.train)
        self._backend = LocalBackend(
            config.model, config.objective, config.learner, seed=config.seed
        )
        on_gpu = device_of(config.learner.device, "learner").type == "cuda"
        self._clock = time.monotonic if on_gpu else time.process_time
        self._seconds = 0.0
        self._curve: list[tuple[float, float]] = []

    def cell(self, size: Size, client: SandboxClient | None) -> Cell | None:
        """Train and score; None where it was stopped."""
        while not self._spent():
            if self._stop.is_set():
                return None
            self._step()
        job = self._job
        every = max(1, len(self._curve) // _CURVE_POINTS)
        return Cell(
            setting=job.setting,
            seed=job.seed,
            steps=self._backend.steps,
            seconds=self._seconds,
            parameters=size.parameters,
            train_flops=size.train_flops,
            figures=self._figures(client),
            curve=tuple(self._curve[::every]),
            machine=asdict(machine.describe()),
        )

    def _supervised(self, tasks: Sequence[Task]) -> SupervisedRows:
        config = self._job.config
        return SupervisedRows(
            tasks,
            config.model,
            config.learner,
            profile=config.actors.profile,
            max_actions=config.actors.max_actions,
            seed=config.seed,
        )

    def _spent(self) -> bool:
        if self._ablation.steps is not None:
            return self._backend.steps >= self._ablation.steps
        return self._seconds >= (self._ablation.seconds or 0.0)

    def _step(self) -> None:
        learner = self._job.config.learner
        rows = self._rows.draw(learner.supervised_rows)
        shards = collate(rows, num_parts=learner.length_parts)
        began = self._clock()
        found = self._backend.update(shards)
        self._seconds += self._clock() - began
        self._curve.append((self._seconds, found["loss/supervised"]))

    def _figures(self, client: SandboxClient | None) -> dict[str, float]:
        config, figures = self._job.config, dict[str, float]()
        policy = build_policy(config.model, config.seed)
        policy.load_state_dict(self._backend.weights())
        policy = placed(policy.eval(), config.evaluation.device, config.evaluation.section)
        for split, tasks in self._heldout.items():
            if not tasks:
                continue
            figures |= _named(split, score(policy, self._supervised(tasks).every()))
            chosen = tasks[: self._ablation.evaluate_tasks]
            if client is not None:
                result = evaluate(
                    policy,
                    chosen,
                    client,
                    config.evaluation,
                    generator=torch.Generator().manual_seed(config.seed),
                )
                found = {f"{split} pass@{k}": rate for k, rate in result.pass_at.items()}
                figures |= {name: rate for name, rate in found.items() if rate is not None}
        return figures


def _named(split: str, found: Heldout) -> dict[str, float]:
    figures = {
        f"{split} nats per action": found.nats_per_action,
        f"{split} action accuracy": found.action_accuracy,
    }
    heads = found.strategy.items()
    return figures | {f"{split} {name} accuracy": head.accuracy for name, head in heads}


def _read_cell(path: Path) -> Cell:
    try:
        cell: Cell = TypeAdapter(Cell).validate_json(path.read_text())
    except ValidationError as error:
        raise ConfigError(f"{path} is no result of a cell: delete it to run it again") from error
    return cell


def _write(path: Path, text: str) -> None:
    """Write all or nothing: a torn file would count as finished."""
    beside = path.with_suffix(".part")
    beside.write_text(text)
    beside.replace(path)
