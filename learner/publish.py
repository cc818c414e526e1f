"""Weights on their way out: to actors as versioned blobs, to evaluation as a policy."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from pydantic import ValidationError
from safetensors.torch import save as dump_tensors
from torch import Tensor

from learner import checkpoint
from learner.checkpoint import Checkpoint, CheckpointError
from policy.config import ModelConfig
from policy.grammar import GRAMMAR
from policy.model import Policy
from policy.text import VOCABULARY

if TYPE_CHECKING:
    from replay.versions import WeightsStore  # loading a policy needs no Redis

_REASON_CHARACTERS = 200


def publish(store: "WeightsStore", version: int, weights: Mapping[str, Tensor]) -> None:
    """Make weights the newest of a run; raises what `WeightsStore.publish` raises.

    The blob is safetensors by parameter name, as `Policy.load_state_dict` takes them.
    """
    tensors = {name: value.contiguous() for name, value in weights.items()}
    store.publish(version, dump_tensors(tensors, metadata={"grammar_version": GRAMMAR.version}))


def load_policy(path: Path) -> tuple[Policy, Checkpoint]:
    """Build a checkpoint's policy with its averaged weights, on the CPU and ready to sample.

    `path` is one checkpoint or the folder that holds them. Raises CheckpointError as
    `checkpoint.load` does, and where the weights are not those of the config beside them.
    """
    found = checkpoint.load(path, grammar_version=GRAMMAR.version, text_version=VOCABULARY.version)
    try:
        config = ModelConfig.model_validate(found.config["model"])
    except (KeyError, ValidationError) as error:
        raise CheckpointError(
            f"{path}: its model is none of this code's ({_reason(error)}): check out the code that "
            "trained it, or train anew"
        ) from None
    prefix = "ema/"
    weights = {
        name.removeprefix(prefix): value
        for name, value in found.learner.tensors.items()
        if name.startswith(prefix)
    }
    try:
        return Policy.restored(config, weights), found
    except RuntimeError as error:
        raise CheckpointError(
            f"{path}: the weights do not fit the model: {_reason(error)}"
        ) from None


def _reason(error: Exception) -> str:
    """Tell an error in a part of a line: torch names every weight that does not fit."""
    return shorten(str(error), _REASON_CHARACTERS, placeholder=" …")
