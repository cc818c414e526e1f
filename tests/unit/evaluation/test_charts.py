"""Line charts."""

from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from evaluation.charts import Series, line_chart, thin

FINITE = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(st.floats(0, 1e4), FINITE), min_size=1, max_size=40))
def test_every_point_is_inside_the_plot(points):
    points.sort()
    svg = ElementTree.fromstring(
        line_chart("t", [Series("s", tuple(points), "c0", True)], "number")
    )
    dots = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in svg.iter("circle")]
    assert len(dots) == len(points)
    for x, y in dots:
        assert 52 <= x <= 408.1
        assert 10 <= y <= 206.1


def test_zero_is_always_in_sight():
    svg = line_chart("t", [Series("s", ((0, 100.0), (5, 101.0)), "c0")], "number")
    ticks = [text.text for text in ElementTree.fromstring(svg).iter("text")]
    assert "0" in ticks
    assert "100" in ticks


def test_a_dot_says_its_value():
    svg = line_chart("t", [Series("pass@1", ((2.0, 0.125),), "c0")], "ratio")
    assert "pass@1: 12.5% at 2.0 min" in svg


@given(st.integers(161, 3000))
def test_a_thinned_line_stays_on_the_line(count):
    thinned = thin([(float(i), 3.0 * i) for i in range(count)])
    assert 80 <= len(thinned) <= 160
    assert all(abs(y - 3 * x) < 1e-6 for x, y in thinned)
    assert all(before[0] < after[0] for before, after in pairwise(thinned))


def test_thinning_leaves_few_points_alone():
    points = ((0.0, 1.0), (1.0, 2.0))
    assert thin(points) == points
