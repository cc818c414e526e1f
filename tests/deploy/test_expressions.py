"""Every PromQL expression of dashboard and alerts parses and is about metrics that exist."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from actors.metrics import ActorCollector
from actors.pool import Pool
from deploy.grafana.generate import PATH as DASHBOARD
from learner.metrics import LearnerMetrics
from replay import Replay
from replay.connection import Connection
from replay.metrics import ReplayCollector
from sandbox.metrics import StatisticsCollector
from sandbox.statistics import OfLanguage, Statistics

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules.yml"
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
# What Prometheus itself adds to every target.
OWN = {"up"}


def series(families: Iterable[Metric]) -> Iterator[str]:
    """The names by which queries know these metrics."""
    for family in families:
        for suffix in SUFFIXES[family.type]:
            yield f"{family.name}{suffix}"


@pytest.fixture(scope="module")
def registered() -> set[str]:
    """Every series that sandbox, learner, replay and actors register."""
    learner = CollectorRegistry()
    LearnerMetrics(learner)
    # The last two name their metrics without asking what they read from.
    return {
        *series(StatisticsCollector(lambda: Statistics({"python": OfLanguage()})).collect()),
        *series(learner.collect()),
        *series(ReplayCollector(cast("Connection", None), "run").describe()),
        *series(ActorCollector(cast("Replay", None), cast("Pool", None)).describe()),
    }


def expressions() -> list[tuple[str, str]]:
    """(where it stands, PromQL) of every expression."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    found = [
        (f"{panel['title']}: {target['legendFormat']}", target["expr"])
        for panel in panels
        for target in panel.get("targets", [])
    ]
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return found + [(rule["alert"], rule["expr"]) for group in groups for rule in group["rules"]]


def metrics_of(expression: str) -> set[str]:
    """The metrics that an expression names; ValueError when it does not parse."""
    names: set[str] = set()

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            names.add(str(node.name))
        return True

    # Grafana fills in its own variables before it asks Prometheus.
    promql_parser.walk(promql_parser.parse(expression.replace("$__rate_interval", "5m")), visit)
    return names


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_an_expression_parses_and_names_registered_metrics(where, expression, registered):
    names = metrics_of(expression)
    assert names, where
    assert names <= registered | OWN, where


def test_every_part_of_the_loop_is_watched():
    shown = set().union(*(metrics_of(expression) for _, expression in expressions()))
    for part in ("sandbox", "replay", "actor", "learner"):
        assert len([name for name in shown if name.startswith(f"treewright_{part}_")]) >= 6
