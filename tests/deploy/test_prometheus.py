"""Prometheus takes the configuration, and each alert fires when it should and not before."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian package: prometheus)"
)


def promtool(*arguments: str) -> str:
    done = subprocess.run(
        [str(PROMTOOL), *arguments], capture_output=True, text=True, timeout=60, cwd=FOLDER
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@needs_promtool
def test_the_configuration_is_valid():
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml")


@needs_promtool
def test_the_alerts_are_valid():
    assert "9 rules found" in promtool("check", "rules", "rules.yml")


@needs_promtool
def test_the_alerts_fire_when_they_should():
    assert "SUCCESS" in promtool("test", "rules", "rules_test.yml")


def test_every_alert_has_a_test_in_which_it_fires():
    rules = yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))
    tests = yaml.safe_load((FOLDER / "rules_test.yml").read_text(encoding="utf-8"))
    fired = {
        case["alertname"]
        for test in tests["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert fired == {rule["alert"] for group in rules["groups"] for rule in group["rules"]}


def test_every_part_of_the_loop_is_scraped():
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    [sandbox] = jobs["sandbox"]["dns_sd_configs"]
    assert (sandbox["names"], sandbox["type"], sandbox["port"]) == (["sandbox"], "A", 9464)
    assert jobs["train"]["static_configs"] == [{"targets": ["head:9465"]}]
    [ray] = jobs["ray"]["file_sd_configs"]
    assert ray["files"] == ["/tmp/ray/prom_metrics_service_discovery.json"]
