"""Which curves a report shows: of evaluations, of the run's pace, of each term of the loss."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from evaluation.charts import Point, Series, Unit, line_chart, shown
from evaluation.records import Split, TrainRecord
from evaluation.run_folder import Run

SPLITS: dict[Split, str] = {
    "heldout": "Held-out parameters",
    "heldout_families": "Held-out families",
}

# A figure of the run: its title, its unit, what one record says of it.
RUN_FIGURES: tuple[tuple[str, Unit, Callable[[TrainRecord], float | None]], ...] = (
    ("Rollouts that pass every test", "ratio", lambda record: record.pass_rate),
    ("Programs an episode", "number", lambda record: record.edits_per_episode),
    ("Edited episodes that end solved", "ratio", lambda record: record.repaired),
    ("Mean reward", "number", lambda record: record.reward_mean),
    ("Programs per second", "number", lambda record: record.programs_per_second),
    ("Policy lag (versions)", "number", lambda record: record.policy_lag),
    ("Learner idle (share of time)", "ratio", lambda record: record.idle_ratio),
)


@dataclass(frozen=True)
class Curve:
    """A chart of the page: its title, its drawing, its lines' (style, label), its last value."""

    title: str
    svg: Markup
    legend: tuple[tuple[str, str], ...]
    last: str


def evaluation_curves(run: Run, other: Run | None, label: str) -> list[Curve]:
    """Return a chart for each split that was evaluated, with a line for each k."""
    curves = []
    for split, title in SPLITS.items():
        series = list(_evaluation_lines(run, split, "", ""))
        if other and series:
            series += _evaluation_lines(other, split, f", {label}", " other")
        if series:
            curves.append(_curve(f"{title}: pass@k", series, "ratio"))
    return curves


def run_curves(run: Run, other: Run | None, label: str) -> list[Curve]:
    """Return a chart for each figure of the run that was recorded."""
    curves = [
        _compared(run, other, label, title, unit, value) for title, unit, value in RUN_FIGURES
    ]
    return [curve for curve in curves if curve]


def loss_curves(run: Run, other: Run | None, label: str) -> list[Curve]:
    """Return a chart for each term of the loss, the total first."""
    curves = [
        _compared(run, other, label, term.replace("_", " "), "number", _term(term))
        for term in loss_terms(run.train)
    ]
    return [curve for curve in curves if curve]


def loss_terms(records: Sequence[TrainRecord]) -> list[str]:
    """Return the names of the loss's terms, the total first, then as they appear."""
    terms = list(dict.fromkeys(term for record in records for term in record.loss))
    return sorted(terms, key=lambda term: term != "total")


def _term(term: str) -> Callable[[TrainRecord], float | None]:
    return lambda record: record.loss.get(term)


def _compared(
    run: Run,
    other: Run | None,
    label: str,
    title: str,
    unit: Unit,
    value: Callable[[TrainRecord], float | None],
) -> Curve | None:
    points = _points(run, value)
    if not points:
        return None
    series = [Series("this run", points, "c0")]
    if other and (others := _points(other, value)):
        series.append(Series(label, others, "c1 other"))
    return _curve(title, series, unit)


def _points(run: Run, value: Callable[[TrainRecord], float | None]) -> tuple[Point, ...]:
    found = ((record.seconds / 60, value(record)) for record in run.train)
    return tuple((minutes, number) for minutes, number in found if number is not None)


def _evaluation_lines(run: Run, split: Split, suffix: str, style: str) -> Iterator[Series]:
    records = [record for record in run.evals if record.split == split]
    ks = sorted({k for record in records for k in record.result.pass_at}, key=int, reverse=True)
    for index, k in enumerate(ks):
        rates = ((record.seconds / 60, record.result.pass_at.get(k)) for record in records)
        points = tuple((minutes, rate) for minutes, rate in rates if rate is not None)
        if points:
            yield Series(f"pass@{k}{suffix}", points, f"c{index % 8}{style}", marks=True)


def _curve(title: str, series: list[Series], unit: Unit) -> Curve:
    lines = "; ".join(
        f"{line.label} from {shown(line.points[0][1], unit)} to {shown(line.points[-1][1], unit)}"
        for line in series
    )
    return Curve(
        title=title,
        svg=Markup(line_chart(f"{title} over time. {lines}.", series, unit)),  # noqa: S704
        legend=tuple((line.style, line.label) for line in series) if len(series) > 1 else (),
        last=shown(series[0].points[-1][1], unit),
    )
