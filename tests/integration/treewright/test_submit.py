"""`ray job submit` against a real head: the cluster's configuration with a sandbox and a Redis."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from replay.embedded import EmbeddedRedis
from sandbox.config import SandboxConfig
from sandbox.local import LocalServer

from .conftest import REPOSITORY

RAY = Path(sys.executable).with_name("ray")
TOKEN = "a-token-of-the-test"
NO_AGENT = "No available agent to submit job"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "OMP_NUM_THREADS": "1",
        # The head's own folders: another Ray on this machine is neither found nor touched.
        "RAY_TMPDIR": str(folder),
        "PATH": f"{RAY.parent}:{os.environ['PATH']}",
    }


@pytest.fixture
def head() -> Iterator[tuple[str, dict[str, str]]]:
    """A Ray head with its dashboard: (address of the dashboard, environment of a client)."""
    # Not tmp_path: a UNIX socket's path must be short.
    folder = Path("/tmp") / f"treewright-head-{os.getpid()}"
    folder.mkdir()
    gcs, dashboard, client = _free_ports(3)
    environment = _environment(folder)
    process = subprocess.Popen(
        [
            RAY, "start", "--head", "--block", f"--port={gcs}", f"--dashboard-port={dashboard}",
            f"--ray-client-server-port={client}", "--num-cpus=2", "--disable-usage-stats",
            "--object-store-memory=104857600", f"--temp-dir={folder}",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{dashboard}"
    try:
        _wait_until_healthy(f"{url}/api/gcs_healthz")
        yield url, environment
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            shutil.rmtree(folder, ignore_errors=True)


def _wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + 90
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(request, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError("the Ray head did not come up")


def _submit(job: list[object], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Submit a job and wait for its end; a head that answers may still lack its agent."""
    deadline = time.monotonic() + 90
    while True:
        submitted = subprocess.run(
            [str(word) for word in job],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if NO_AGENT not in submitted.stderr or time.monotonic() > deadline:
            return submitted
        time.sleep(2)


def test_a_submitted_job_trains_with_the_cluster_config(head, tmp_path):
    url, environment = head
    runs = tmp_path / "runs"
    smoke = [
        "tasks.per_family=8", "model.hrm.width=32", "model.hrm.heads=2", "model.max_actions=64",
        "actors.max_actions=64", "actors.num_actors=1", "actors.num_cpus=0.5",
        "actors.tasks_per_batch=2", "actors.samples_per_task=4", "evaluation.samples=2",
        "evaluation.ks=[1,2]", "evaluation.max_actions=64", "run.final_tasks=2",
        "run.max_steps=6", "run.max_seconds=60", "metrics.port=0", "metrics.host=127.0.0.1",
    ]  # fmt: skip
    with EmbeddedRedis(tmp_path / "redis") as redis, LocalServer(SandboxConfig()) as sandbox:
        variables = {
            "TREEWRIGHT_REDIS_URL": redis.url,
            "TREEWRIGHT_SANDBOX_TARGET": sandbox.target,
            "TREEWRIGHT_RUNS": str(runs),
        }
        job = [
            RAY, "job", "submit", "--address", url, "--working-dir", ".",
            "--runtime-env-json", json.dumps({"env_vars": variables}),
            "--", "treewright", "train", "--config", "configs/cluster.yaml", *smoke,
        ]  # fmt: skip
        submitted = _submit(job, environment)
    assert submitted.returncode == 0, submitted.stdout[-4000:] + submitted.stderr[-2000:]
    assert (runs / "cluster" / "report.html").is_file()
    assert "cluster: step 6" in submitted.stdout
