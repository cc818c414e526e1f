"""A live sandbox exposes what the dashboard and the alerts ask of it."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.grafana.panels import ROWS
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer
from sandbox.types import Program
from sandbox.types import Test as Call


@pytest.fixture(scope="module")
def exposition() -> Iterator[str]:
    """What the metrics endpoint says after a right, a wrong and a forbidden program."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = SandboxConfig(slots=1, metrics_port=port)
    sources = ("def f(x): return x", "def f(x): return 0", "import os\ndef f(x): os.fork()")
    calls = (Call((1,), 1),)
    programs = [Program(str(i), source, "f", calls) for i, source in enumerate(sources)]
    with LocalServer(config) as server, SandboxClient(server.target) as client:
        client.execute(programs)
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            yield answer.read().decode()


def test_every_series_of_the_sandboxs_row_is_there(exposition):
    series = {
        sample.name
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }
    [row] = [row for row in ROWS if row.title == "Sandbox"]
    for panel in row.panels:
        for query in panel.queries:
            assert set(re.findall(r"treewright_\w+", query.expression)) <= series


def test_counts_carry_the_labels_that_queries_group_by(exposition):
    families = {family.name: family for family in text_string_to_metric_families(exposition)}
    executions = families["treewright_sandbox_executions"].samples
    counted = {
        s.labels["verdict"]: s.value
        for s in executions
        if s.name.endswith("_total") and s.labels["language"] == "python"
    }
    assert (counted["PASSED"], counted["WRONG_ANSWER"]) == (1, 1)
    assert "INTERNAL" in counted, "the alert needs the series before the first such verdict"
    assert (
        sum(
            s.value
            for s in families["treewright_sandbox_violations"].samples
            if s.name.endswith("_total")
        )
        == 1
    )


@pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool is not installed (Debian package: prometheus)",
)
def test_names_and_units_are_as_prometheus_wants_them(exposition):
    ours = "".join(line for line in exposition.splitlines(keepends=True) if "treewright_" in line)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=ours, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
