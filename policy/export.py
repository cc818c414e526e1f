"""Exported policies: weights of 8 or 4 bits in a folder that any CPU can sample from.

    DIR/
    ├── weights.safetensors   matrices as `name:int4` or `:int8` and `name:scale`, the rest as is
    └── export.json           how it was made, the run's config, the weights' SHA-256

Each group of 32 weights of a row shares a scale; embeddings, which are few and shared with the
output, keep 8 bits. Weights are restored once, at loading; the matrices of both levels then
multiply as float16 where the CPU can (`policy.half`), and as float32, with a warning, where it
can't. Neither file can hold code.

    ExportError(ValueError)    one line that names the file and what to do
"""

import hashlib
import logging
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as dump_tensors
from torch import Tensor

from policy.config import ModelConfig
from policy.grammar import GRAMMAR
from policy.half import use_float16
from policy.model import Policy
from policy.text import VOCABULARY

WEIGHTS = "weights.safetensors"
ABOUT = "export.json"
FORMAT = 2
"""Rises with what the weights are or are shown; 1: properties that tell of no order."""
GROUP = 32
"""Weights of a row that share a scale."""
Bits = Literal["int8", "int4"]
_SHARES = tuple(sign * share / 20 for share in range(20, 13, -1) for sign in (1, -1))
"""Scales that are tried for 4 bits, of that which would fit the largest weight: settled on by the
squared error of random weights (normal, normal cut at two deviations, Laplace), and by no task.
They take 27 to 29 % off that of the fitting one; smaller scales as well would take no more, steps
a quarter as large 2 to 3 % of the rest."""

log = logging.getLogger(__name__)


class ExportError(ValueError):
    """A folder that can't be written or loaded: taken, damaged, of another format or vocabulary."""


class _About(BaseModel):
    """The contents of `export.json`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: int
    weights: Bits
    weights_sha256: str
    grammar_version: str
    text_version: str = "none"
    """Exports of the time before there was a text vocabulary name none."""
    config: dict[str, Any]


def write(folder: Path, policy: Policy, config: Mapping[str, Any], bits: Bits) -> int:
    """Write a policy with its run's `config` (JSON, `model` included); return the weights' bytes.

    Raises ExportError where `folder` exists already.
    """
    if folder.exists():
        raise ExportError(f"{folder}: exists already: give another folder to export to")
    blob = dump_tensors(dict(quantised(policy.state_dict(), bits)))
    about = _About(
        format=FORMAT,
        weights=bits,
        weights_sha256=hashlib.sha256(blob).hexdigest(),
        grammar_version=GRAMMAR.version,
        text_version=VOCABULARY.version,
        config=dict(config),
    )
    # Whole or not at all: the name is given last.
    unfinished = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    (unfinished / WEIGHTS).write_bytes(blob)
    (unfinished / ABOUT).write_text(about.model_dump_json(indent=1), encoding="utf-8")
    unfinished.rename(folder)
    return len(blob)


def is_export(folder: Path) -> bool:
    """Whether `folder` is an exported policy and no run."""
    return (folder / ABOUT).is_file()


def read(folder: Path) -> tuple[Policy, dict[str, Any]]:
    """Restore a policy, ready to sample, and the config of its run.

    Its matrices multiply as float16, or as float32, with a warning, where this CPU can't.

    Raises ExportError where a file is missing or damaged, or the format, the grammar or
    the text vocabulary is another.
    """
    about = _read_about(folder / ABOUT)
    for what, its, ours in (
        ("format", about.format, FORMAT),
        ("grammar", about.grammar_version, GRAMMAR.version),
        ("text vocabulary", about.text_version, VOCABULARY.version),
    ):
        if its != ours:
            raise ExportError(
                f"{folder / ABOUT}: made with {what} {its}, this code has {ours}: use the code "
                "that made it, or export anew"
            )
    try:
        blob = (folder / WEIGHTS).read_bytes()
        if hashlib.sha256(blob).hexdigest() != about.weights_sha256:
            raise ExportError(_damaged(folder / WEIGHTS, "its checksum does not match"))
        config = ModelConfig.model_validate(about.config["model"])
        policy = Policy.restored(config, restored(load_tensors(blob)))
    except (OSError, SafetensorError, KeyError, ValidationError, RuntimeError) as error:
        raise ExportError(_damaged(folder / WEIGHTS, str(error))) from None
    if not use_float16(policy):
        log.warning(f"{folder}: no float16 products on this CPU: float32 is used, which is slower")
    return policy, about.config


def _read_about(file: Path) -> _About:
    try:
        return _About.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise ExportError(_damaged(file, str(error))) from None


def _damaged(file: Path, why: str) -> str:
    return f"{file}: damaged or incomplete ({' '.join(why.split())}): export anew"


def quantised(weights: Mapping[str, Tensor], bits: Bits) -> Iterator[tuple[str, Tensor]]:
    """Yield what is stored of each weight."""
    for name, weight in weights.items():
        if weight.ndim != 2 or weight.shape[1] % GROUP:
            yield name, weight.contiguous()
            continue
        kind: Bits = "int8" if name.endswith("embedding") else bits
        groups = weight.float().view(len(weight), -1, GROUP)
        scale = _scale(groups, kind)
        whole = _rounded(groups, scale, kind).to(torch.int8).flatten(1)
        yield f"{name}:{kind}", whole if kind == "int8" else _packed(whole)
        yield f"{name}:scale", scale


def _rounded(
    groups: Float[Tensor, "rows groups 32"], scale: Float[Tensor, "rows groups"], kind: Bits
) -> Float[Tensor, "rows groups 32"]:
    lowest, highest = (-127, 127) if kind == "int8" else (-8, 7)
    return (groups / scale.float()[..., None]).round().clamp(lowest, highest)


def _scale(groups: Float[Tensor, "rows groups 32"], kind: Bits) -> Float[Tensor, "rows groups"]:
    """Give what one is worth in each group: in 4 bits, what moves its weights least of some.

    A smaller scale cuts the largest weights and is finer for the rest; a negative one puts -8 on
    the side that has them.
    """
    # A group of zeros has any scale.
    largest = groups.abs().amax(-1).clamp(min=1e-5)
    if kind == "int8":
        return (largest / 127).half()
    best = least = torch.full_like(largest, torch.inf)
    for share in _SHARES:
        scale = (share * largest / 7).half().float()
        moved = _rounded(groups, scale, kind) * scale[..., None] - groups
        error = moved.square().sum(-1)
        best = torch.where(error < least, scale, best)
        least = torch.minimum(error, least)
    return best.half()


def restored(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights, in float32, by the names of the network."""
    weights: dict[str, Tensor] = {}
    for key, value in stored.items():
        name, _, kind = key.partition(":")
        if not kind:
            weights[name] = value
        elif kind != "scale":
            values = value if kind == "int8" else _unpacked(value)
            scale = stored[f"{name}:scale"].float()[..., None]
            weights[name] = (values.view(len(values), -1, GROUP) * scale).flatten(1)
    return weights


def _packed(values: Int[Tensor, "rows columns"]) -> Int[Tensor, "rows half"]:
    """Two values of -8..7 a byte, the first in the low bits."""
    low, high = (values + 8).to(torch.uint8).view(len(values), -1, 2).unbind(2)
    packed: Tensor = low | (high << 4)
    return packed


def _unpacked(packed: Int[Tensor, "rows half"]) -> Float[Tensor, "rows columns"]:
    pairs = torch.stack((packed & 15, packed >> 4), dim=2)
    return pairs.flatten(1).float() - 8
