"""The compose file and the images hold to what operating them needs."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILES = sorted((ROOT / "deploy" / "docker").glob("*.Dockerfile"))
SECRETS = ("TREEWRIGHT_REDIS_PASSWORD", "TREEWRIGHT_GRAFANA_PASSWORD", "RAY_AUTH_TOKEN")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return loaded


def published(service: dict[str, Any]) -> list[str]:
    return [str(port) for port in service.get("ports", [])]


def test_the_services_are_there(compose):
    expected = {"head", "worker", "sandbox", "redis", "prometheus", "grafana"}
    assert set(compose["services"]) == expected


def test_the_sandbox_is_locked_in(compose):
    sandbox = compose["services"]["sandbox"]
    assert sandbox["networks"] == ["sandbox"]
    assert compose["networks"]["sandbox"]["internal"] is True
    assert sandbox["read_only"] is True
    assert sandbox["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in sandbox["security_opt"]
    assert "seccomp=deploy/seccomp/sandbox.json" in sandbox["security_opt"]
    assert (ROOT / "deploy" / "seccomp" / "sandbox.json").is_file()
    assert sandbox["pids_limit"] > 0
    assert sandbox["tmpfs"]
    assert not {"privileged", "cap_add", "volumes", "devices", "environment"} & set(sandbox)


def test_the_sandbox_scales(compose):
    sandbox = compose["services"]["sandbox"]
    assert not {"ports", "container_name", "hostname"} & set(sandbox)


@pytest.mark.parametrize("name", ["head", "worker", "redis", "prometheus", "grafana", "sandbox"])
def test_no_service_has_more_rights_than_it_needs(compose, name):
    service = compose["services"][name]
    assert "privileged" not in service
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    for port in published(service):
        assert port.startswith("127.0.0.1:"), f"{name} publishes {port} beyond this machine"


def test_rays_fixed_ports_stay_out_of_its_workers_range(compose):
    commands = " ".join(compose["services"][name]["command"] for name in ("head", "worker"))
    for port in re.findall(r"port=(\d+)|:(\d{4,5})\b", commands):
        assert not 10002 <= int(next(filter(None, port))) <= 19999


def test_ray_asks_for_a_token_everywhere(compose):
    for name in ("head", "worker"):
        environment = compose["services"][name]["environment"]
        assert environment["RAY_AUTH_MODE"] == "token"
        assert environment["RAY_AUTH_TOKEN"].startswith("${RAY_AUTH_TOKEN:?")


def test_services_start_in_order(compose):
    services = compose["services"]
    assert services["worker"]["depends_on"] == {"head": {"condition": "service_healthy"}}
    assert set(services["head"]["depends_on"]) == {"redis", "sandbox"}
    assert "healthcheck" in services["head"]
    assert "healthcheck" in services["redis"]
    assert "HEALTHCHECK" in (ROOT / "deploy/docker/sandbox.Dockerfile").read_text(encoding="utf-8")


def test_no_secret_has_a_default():
    text = COMPOSE.read_text(encoding="utf-8")
    for secret in SECRETS:
        uses = re.findall(r"\$\{" + secret + r"[^}]*\}", text)
        assert uses
        assert all(use.startswith(f"${{{secret}:?") for use in uses)


@pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="docker-compose is not installed"
)
class TestDockerCompose:
    """What docker-compose makes of the file."""

    def config(self, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name not in SECRETS}
        return subprocess.run(
            ["docker-compose", "--file", str(COMPOSE), "config"],
            env=kept | environment,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
        )

    def test_it_takes_the_file(self):
        done = self.config(**dict.fromkeys(SECRETS, "secret"))
        assert done.returncode == 0, done.stderr
        assert yaml.safe_load(done.stdout)["services"]["sandbox"]["read_only"] is True

    @pytest.mark.parametrize("missing", SECRETS)
    def test_it_names_a_secret_that_is_not_set(self, missing):
        done = self.config(**{name: "secret" for name in SECRETS if name != missing})
        assert done.returncode != 0
        assert missing in done.stderr


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_builds_from_any_base_and_runs_as_nobody_in_particular(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "ARG BASE_IMAGE=python:3.11-slim-bookworm" in lines
    assert all(line.startswith("FROM ${BASE_IMAGE}") for line in lines if line.startswith("FROM"))
    assert not any(line.startswith("# syntax=") for line in lines)
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001"]
    assert "constraints.txt" in path.read_text(encoding="utf-8")


def test_the_sandbox_image_has_neither_torch_nor_ray():
    text = (ROOT / "deploy/docker/sandbox.Dockerfile").read_text(encoding="utf-8")
    [install] = [line for line in text.splitlines() if "pip install" in line]
    assert install.split("constraints.txt")[1].strip(" \\") == "."


def test_there_are_two_images():
    assert [path.name for path in DOCKERFILES] == ["ray.Dockerfile", "sandbox.Dockerfile"]
