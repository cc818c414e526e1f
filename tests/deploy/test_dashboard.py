"""The committed dashboard is what the script writes, and Grafana can lay it out."""

import json
from itertools import combinations, pairwise

import pytest

from deploy.grafana.generate import PATH, dashboard
from deploy.grafana.panels import ROWS

PANELS = json.loads(PATH.read_text(encoding="utf-8"))["panels"]


def test_the_committed_dashboard_is_fresh():
    assert PATH.read_text(encoding="utf-8") == dashboard(), (
        "run python -m deploy.grafana.generate and commit what it writes"
    )


def test_ids_are_unique_and_panels_do_not_overlap():
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    boxes = [panel["gridPos"] for panel in PANELS]
    for one, two in combinations(boxes, 2):
        beside = one["x"] + one["w"] <= two["x"] or two["x"] + two["w"] <= one["x"]
        below = one["y"] + one["h"] <= two["y"] or two["y"] + two["h"] <= one["y"]
        assert beside or below, (one, two)
    assert all(box["x"] + box["w"] <= 24 for box in boxes)


def test_rows_stand_in_the_order_of_the_loop():
    rows = [panel for panel in PANELS if panel["type"] == "row"]
    assert [row["title"] for row in rows] == ["Learner", "Actors", "Replay", "Sandbox"]
    assert all(a["gridPos"]["y"] < b["gridPos"]["y"] for a, b in pairwise(rows))
    assert all(len(row.panels) >= 4 for row in ROWS)


@pytest.mark.parametrize(
    "panel", [p for p in PANELS if p["type"] != "row"], ids=lambda p: p["title"]
)
def test_a_panel_says_what_it_shows_and_in_which_unit(panel):
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in {"s", "short", "percentunit", "ops", "bytes"}
    assert panel["datasource"]["uid"] == "prometheus"
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
