from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sandbox.metrics import StatisticsCollector
from sandbox.statistics import EDGES, OfLanguage, Statistics
from sandbox.types import Result, Verdict


def counted() -> Statistics:
    pools = {"python": OfLanguage(), "go": OfLanguage()}
    statistics = Statistics(pools, waiting=3, busy=2, slots=4)
    for seconds in (0.001, 0.0011, 30.0, 1000.0):
        statistics.answered("python", Result("p", Verdict.PASSED, wall_seconds=seconds))
    failed = Result("p", Verdict.RUNTIME_ERROR, True, compile_seconds=0.3, queue_seconds=0.02)
    statistics.answered("go", failed)
    statistics.refused["UNIMPLEMENTED"] += 1
    return statistics


def test_there_and_back():
    assert Statistics.from_json(counted().to_json()) == counted()


def test_what_prometheus_reads():
    text = generate_latest(StatisticsCollector(counted).registry).decode()
    found = {
        (sample.name.removeprefix("treewright_sandbox_"), *sorted(sample.labels.values())):
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }  # fmt: skip
    assert found["executions_total", "PASSED", "python"] == 4
    assert found["executions_total", "INTERNAL", "go"] == 0
    assert ("executions_total", "REFUSED", "go") not in found
    assert found["violations_total", "go"] == 1
    assert found["refused_total", "UNIMPLEMENTED"] == 1
    assert found["run_seconds_bucket", "0.001", "python"] == 1
    assert found["run_seconds_bucket", "0.002", "python"] == 2
    assert found["run_seconds_bucket", str(EDGES[-1]), "python"] == 3
    assert found["run_seconds_bucket", "+Inf", "python"] == 4
    assert found["run_seconds_count", "python"] == 4
    assert found["run_seconds_sum", "python"] == 1030.0021
    assert found["compile_seconds_bucket", "0.5", "go"] == 1
    assert found["queue_seconds_bucket", "0.02", "go"] == 1
    assert [found[name,] for name in ("queue_depth", "slots_busy", "slots")] == [3, 2, 4]
