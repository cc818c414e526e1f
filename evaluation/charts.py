"""Line charts as SVG that take their colours from the page, so that they fit light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from matplotlib.ticker import MaxNLocator

Point = tuple[float, float]
Unit = Literal["ratio", "number"]

_WIDTH, _HEIGHT = 420.0, 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 10.0, 34.0
_MOST_POINTS = 160
_SMALLEST_RANGE = 1e-12


@dataclass(frozen=True)
class Series:
    """One line. `style` is the CSS class that colours it; `marks` shows each point as a dot."""

    label: str
    points: tuple[Point, ...]
    style: str
    marks: bool = False


@dataclass(frozen=True)
class _Scale:
    """A linear map from data to pixels, with its ticks."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def line_chart(title: str, series: Sequence[Series], unit: Unit) -> str:
    """Return an `<svg>` of the lines over minutes; `title` is what a screen reader says of it.

    Long series are thinned to the means of equal stretches of time.
    """
    drawn = [Series(s.label, thin(s.points), s.style, s.marks) for s in series if s.points]
    svg = ElementTree.Element(
        "svg", {"class": "chart", "role": "img", "viewBox": f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"}
    )
    ElementTree.SubElement(svg, "title").text = title
    xs = [x for s in drawn for x, _ in s.points]
    ys = [y for s in drawn for _, y in s.points]
    x_scale = _scale(xs, _LEFT, _WIDTH - _RIGHT, ticks=6)
    y_scale = _scale(ys, _HEIGHT - _BOTTOM, _TOP, ticks=5)
    _axes(svg, x_scale, y_scale, unit)
    for line in drawn:
        _line(svg, line, x_scale, y_scale, unit)
    return ElementTree.tostring(svg, encoding="unicode")


def thin(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return at most 160 points: the means of as many stretches of equal length in x."""
    if len(points) <= _MOST_POINTS:
        return tuple(points)
    low, high = points[0][0], points[-1][0]
    buckets: dict[int, list[Point]] = {}
    for point in points:
        place = (point[0] - low) / (high - low) if high > low else 0.0
        buckets.setdefault(min(int(place * _MOST_POINTS), _MOST_POINTS - 1), []).append(point)
    return tuple(
        (sum(x for x, _ in bucket) / len(bucket), sum(y for _, y in bucket) / len(bucket))
        for _, bucket in sorted(buckets.items())
    )


def shown(value: float, unit: Unit) -> str:
    """Return a number as the charts write it: `12.5%` or four significant digits."""
    return f"{100 * value:.3g}%" if unit == "ratio" else f"{value:.4g}"


def _scale(values: Sequence[float], start: float, end: float, ticks: int) -> _Scale:
    # Zero is always in sight, so that a small change does not look like a large one.
    low, high = min(0.0, *values), max(0.0, *values)
    if high - low < _SMALLEST_RANGE:
        high = low + 1.0
    edges = [float(tick) for tick in MaxNLocator(ticks).tick_values(low, high)]
    return _Scale(edges[0], edges[-1], start, end, tuple(edges))


def _axes(svg: ElementTree.Element, x_scale: _Scale, y_scale: _Scale, unit: Unit) -> None:
    for tick in y_scale.ticks:
        y = f"{y_scale(tick):.1f}"
        place = {"x1": f"{_LEFT:.0f}", "x2": f"{_WIDTH - _RIGHT:.0f}", "y1": y, "y2": y}
        ElementTree.SubElement(svg, "line", {"class": "grid", **place})
        label = {"class": "tick y", "x": f"{_LEFT - 7:.0f}", "y": y}
        ElementTree.SubElement(svg, "text", label).text = shown(tick, unit)
    for tick in x_scale.ticks:
        place = {"x": f"{x_scale(tick):.1f}", "y": f"{_HEIGHT - _BOTTOM + 15:.0f}"}
        ElementTree.SubElement(svg, "text", {"class": "tick x", **place}).text = f"{tick:g}"
    place = {"x": f"{_WIDTH - _RIGHT:.0f}", "y": f"{_HEIGHT - 4:.0f}"}
    ElementTree.SubElement(svg, "text", {"class": "tick unit", **place}).text = "minutes"


def _line(
    svg: ElementTree.Element, line: Series, x_scale: _Scale, y_scale: _Scale, unit: Unit
) -> None:
    places = [(x_scale(x), y_scale(y)) for x, y in line.points]
    group = ElementTree.SubElement(svg, "g", {"class": line.style})
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    ElementTree.SubElement(group, "path", {"class": "line", "d": path})
    if not line.marks and len(places) > 1:
        return
    for (x, y), (minutes, value) in zip(places, line.points, strict=True):
        dot = ElementTree.SubElement(
            group, "circle", {"class": "dot", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4"}
        )
        text = f"{line.label}: {shown(value, unit)} at {minutes:.1f} min"
        ElementTree.SubElement(dot, "title").text = text
