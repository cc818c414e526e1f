"""Policies by the path that a user gives: a run folder, its checkpoints, one of them, an export."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from learner.checkpoint import Checkpoint
from learner.publish import load_policy
from policy import export
from policy.model import Policy
from treewright.config import SECRETS, Config, check


def load(path: Path) -> tuple[Policy, Checkpoint, Config]:
    """Return the policy, the checkpoint and the configuration that it was trained with.

    Raises:
        CheckpointError: there is none, or it is torn or of another grammar.
    """
    inside = path / "checkpoints"
    policy, found = load_policy(inside if inside.is_dir() else path)
    return policy, found, check(without_secrets(found))


def load_to_sample(path: Path) -> tuple[Policy, Config]:
    """Return the policy of a run, a checkpoint or an export, and its configuration.

    Raises:
        CheckpointError: there is none, or it is torn or of another grammar.
        ExportError: the export is.
    """
    if not export.is_export(path):
        policy, _, config = load(path)
        return policy, config
    policy, values = export.read(path)
    return policy, check(values)


def without_secrets(found: Checkpoint) -> Mapping[str, Any]:
    """Return the configuration of a checkpoint's run, passwords and tokens left out."""
    values = copy.deepcopy(dict(found.config))
    for section, key in SECRETS:
        values[section][key] = None
    return values
