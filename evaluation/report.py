"""A run as one HTML page that opens anywhere: no scripts, no fonts or images from elsewhere."""

import ast
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evaluation.curves import SPLITS, evaluation_curves, loss_curves, run_curves
from evaluation.drawing import draw
from evaluation.records import EvaluationResult, Phase, SampleRecord, Split
from evaluation.run_folder import Run, read_run

SAMPLES_SHOWN = 10
_WIDE_PIXELS = 740.0
# Order of the stacked bars.
VERDICTS = (
    "PASSED",
    "WRONG_ANSWER",
    "RUNTIME_ERROR",
    "COMPILE_ERROR",
    "TIME_LIMIT",
    "MEMORY_LIMIT",
    "OUTPUT_LIMIT",
    "INTERNAL",
)


@dataclass(frozen=True)
class Headline:
    """What a split's pass@k was and became, at the largest k; `finished` if training had ended."""

    title: str
    k: str
    before: float | None
    after: float | None
    other: float | None
    other_conditions: str
    tasks: int
    samples: int
    finished: bool
    conditions: str
    """How the programs were searched for; empty where each was sampled on its own."""


@dataclass(frozen=True)
class StageRow:
    """A stage's pass rates before and after training, and how many tasks it has."""

    split: str
    stage: str
    tasks: int
    before: float | None
    after: float | None
    other: float | None


@dataclass(frozen=True)
class Mix:
    """How often each verdict was given: (verdict, count, share), those never given left out."""

    title: str
    parts: tuple[tuple[str, int, float], ...]

    def share(self, verdict: str) -> float:
        """Return the verdict's share of all."""
        return next((share for name, _, share in self.parts if name == verdict), 0.0)


@dataclass(frozen=True)
class Drawn:
    """A program with its tree, None if it can't be parsed; a wide one gets the page's width."""

    sample: SampleRecord
    svg: Markup | None
    wide: bool


def write_report(folder: Path, *, beside: Path | None = None) -> Path:
    """Write `folder/report.html`, with the run in `beside` laid over it, and return its path.

    Raises RecordError when a folder is not a run's.
    """
    other = read_run(beside) if beside else None
    page = folder / "report.html"
    page.write_text(render(read_run(folder), other), encoding="utf-8")
    return page


def render(run: Run, other: Run | None = None) -> str:
    """Return the page of `run` as HTML, with the figures of another run beside its own."""
    environment = Environment(
        loader=PackageLoader("evaluation", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    label = run_name(other) if other else ""
    return environment.get_template("report.html.j2").render(
        run=run,
        name=run_name(run),
        label=label,
        headlines=[h for split in SPLITS if (h := headline(run, other, split))],
        evaluation_curves=evaluation_curves(run, other, label),
        run_curves=run_curves(run, other, label),
        loss_curves=loss_curves(run, other, label),
        stages=stage_rows(run, other),
        mixes=(verdict_mixes := mixes(run)),
        verdicts=[v for v in VERDICTS if any(mix.share(v) for mix in verdict_mixes)],
        samples=[_drawn(sample) for sample in chosen(run.samples)],
        config=without_passwords(run.config) if run.config else None,
        precision=told_precision(run.info.precision) if run.info else "",
    )


def run_name(run: Run) -> str:
    """Return the run's name, or its folder's where it recorded none."""
    return run.info.name if run.info else run.folder.resolve().name


def told_precision(precision: Mapping[str, str]) -> str:
    """Tell the arithmetic of a run's parts, such as `learner float32, actors bfloat16`."""
    return ", ".join(f"{part} {name}" for part, name in precision.items())


def headline(run: Run, other: Run | None, split: Split) -> Headline | None:
    """Return a split's figures; None if it was never evaluated."""
    before, after = _result(run, split, "before"), _last_result(run, split)
    measured = after or before
    if measured is None:
        return None
    k = max(measured.pass_at, key=int)
    compared = _last_result(other, split) if other else None
    return Headline(
        title=SPLITS[split],
        k=k,
        before=_rate(before, k),
        after=_rate(after, k),
        other=_rate(compared, k),
        other_conditions=compared.conditions if compared else "",
        tasks=len(measured.tasks),
        samples=measured.samples,
        finished=run.evaluation(split, "after") is not None,
        conditions=measured.conditions,
    )


def stage_rows(run: Run, other: Run | None) -> list[StageRow]:
    """Return one row for each split and stage, at the largest k."""
    rows = []
    for split, title in SPLITS.items():
        before, after = _result(run, split, "before"), _last_result(run, split)
        compared = _last_result(other, split) if other else None
        measured = after or before
        if measured is None:
            continue
        k = max(measured.pass_at, key=int)
        rows += [
            StageRow(
                split=title,
                stage=stage or "no stage",
                tasks=sum(task.stage == stage for task in measured.tasks),
                before=_rate(before, k, stage),
                after=_rate(after, k, stage),
                other=_rate(compared, k, stage),
            )
            for stage in measured.pass_at_by_stage
        ]
    return rows


def mixes(run: Run) -> list[Mix]:
    """Return the verdicts of each split before and after training, and of the rollouts."""
    found: list[tuple[str, dict[str, int]]] = []
    for split, title in SPLITS.items():
        for phase, result in (
            ("before", _result(run, split, "before")),
            ("after", _last_result(run, split)),
        ):
            if result:
                found.append((f"{title}, {phase}", result.verdicts))
    rollouts: Counter[str] = Counter()
    for record in run.train:
        rollouts.update(record.verdicts)
    if rollouts:
        found.append(("Rollouts in training", rollouts))
    return [_mix(title, counts) for title, counts in found]


def chosen(samples: Sequence[SampleRecord], most: int = SAMPLES_SHOWN) -> list[SampleRecord]:
    """Return samples of the last step that has any, evenly spread, whatever their verdict."""
    last = max((sample.step for sample in samples), default=0)
    newest = [sample for sample in samples if sample.step == last]
    shown = min(most, len(newest))
    return [newest[index * len(newest) // shown] for index in range(shown)]


def without_passwords(config: str) -> str:
    """Return the text with the user part of every URL taken out: pages are passed around."""
    return re.sub(r"://[^/@\s'\"]*@", "://…@", config)


def _drawn(sample: SampleRecord) -> Drawn:
    try:
        tree = ast.parse(sample.program)
    except (SyntaxError, ValueError):
        return Drawn(sample, None, wide=False)
    root = tree.body[0] if len(tree.body) == 1 else tree
    drawing = draw(root, f"Syntax tree of the program for {sample.task_id}")
    return Drawn(sample, Markup(drawing.svg), wide=drawing.width > _WIDE_PIXELS)  # noqa: S704


def _mix(title: str, counts: Mapping[str, int]) -> Mix:
    total = sum(counts.values())
    ordered = sorted(counts, key=lambda v: VERDICTS.index(v) if v in VERDICTS else len(VERDICTS))
    return Mix(title, tuple((v, counts[v], counts[v] / total) for v in ordered if counts[v]))


def _result(run: Run, split: Split, phase: Phase) -> EvaluationResult | None:
    record = run.evaluation(split, phase)
    return record.result if record else None


def _last_result(run: Run, split: Split) -> EvaluationResult | None:
    """Return the evaluation after training, or the newest one during it while there is none."""
    return _result(run, split, "after") or _result(run, split, "during")


def _rate(result: EvaluationResult | None, k: str, stage: str | None = None) -> float | None:
    if result is None:
        return None
    rates = result.pass_at if stage is None else result.pass_at_by_stage.get(stage, {})
    return rates.get(k)
