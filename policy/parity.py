"""Compare the HRM with values of the published implementation: weights, batches and results."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from policy.config import HRMConfig
from policy.puzzle import (
    PuzzleBatch,
    PuzzleCarry,
    PuzzleHRM,
    PuzzleOutput,
    PuzzleShape,
    puzzle_loss,
)

OUTPUT_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 1e-4
# Published names that differ from ours; the rest only lose their "inner." and gain "hrm.".
_RENAMED = {
    "embed_tokens.embedding_weight": "tokens",
    "embed_pos.embedding_weight": "places",
    "puzzle_emb.weights": "tasks",
    "lm_head.weight": "lm_head.weight",
}


@dataclass(frozen=True)
class ParityReport:
    """Largest errors over all steps, relative to the largest published magnitude of each array."""

    steps: int
    outputs: float
    """Logits and Q-values (targets included)."""
    carries: float
    losses: float
    gradients: float
    halting: bool
    """Whether every row halted at the same steps."""
    worst: str
    """The array with the largest error in units of its tolerance."""

    @property
    def passed(self) -> bool:
        """Whether everything is within its tolerance."""
        values = max(self.outputs, self.carries, self.losses)
        near = values <= OUTPUT_TOLERANCE and self.gradients <= GRADIENT_TOLERANCE
        return near and self.halting and self.steps > 0


class ParityError(ValueError):
    """A file that does not hold values of the published network."""


def check(path: Path | str) -> ParityReport:
    """Run every recorded step with the recorded weights and compare.

    Raises:
        ParityError: the file is no parity file.

    """
    data = _read(path)
    try:
        published = json.loads(str(data["config"]))
        model = _build(published, data)
        errors = dict(_errors(model, str(published["loss"]), data))
    except KeyError as error:
        raise ParityError(f"{path}: no parity file, it holds no {error.args[0]}") from None
    kinds = {
        kind: max(error for name, error in errors.items() if name.startswith(kind))
        for kind in ("outputs", "carry", "loss", "grad", "halting")
    }
    return ParityReport(
        steps=_steps(data),
        outputs=kinds["outputs"],
        carries=kinds["carry"],
        losses=kinds["loss"],
        gradients=kinds["grad"],
        halting=kinds["halting"] == 0.0,
        worst=max(errors, key=lambda name: errors[name] / _tolerance(name)),
    )


def _read(path: Path | str) -> dict[str, np.ndarray]:
    try:
        with Path(path).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, TypeError, AttributeError, BadZipFile):
        raise ParityError(f"{path}: no parity file, it is no readable .npz archive") from None


def _tolerance(name: str) -> float:
    return GRADIENT_TOLERANCE if name.startswith("grad") else OUTPUT_TOLERANCE


def _steps(data: Mapping[str, np.ndarray]) -> int:
    return sum(name.endswith("/loss") for name in data)


def _our_name(published: str) -> str:
    name = published.removeprefix("inner.")
    return _RENAMED.get(name, f"hrm.{name}")


def _build(published: Mapping[str, object], data: Mapping[str, np.ndarray]) -> PuzzleHRM:
    def size(key: str) -> int:
        return int(str(published[key]))

    config = HRMConfig.model_validate(
        {
            "width": published["hidden_size"],
            "heads": published["num_heads"],
            "kv_heads": published["num_heads"],
            "expansion": published["expansion"],
            "round_inner_to": 256,
            "h_layers": published["H_layers"],
            "l_layers": published["L_layers"],
            "h_cycles": published["H_cycles"],
            "l_cycles": published["L_cycles"],
            "positions": published["pos_encodings"],
            "gradient_horizon": 1,
            "q_target": "second_forward",
        }
    )
    shape = PuzzleShape(
        vocabulary=size("vocab_size"),
        length=size("seq_len"),
        tasks=size("num_puzzle_identifiers"),
        task_width=size("puzzle_emb_ndim"),
        max_steps=size("halt_max_steps"),
    )
    model = PuzzleHRM(config, shape).train(bool(published["train"]))
    weights = {
        _our_name(name.removeprefix("weights/")): torch.from_numpy(array)
        for name, array in data.items()
        if name.startswith("weights/")
    }
    if not shape.task_width:
        weights["tasks"] = model.tasks.data
    model.load_state_dict(weights)
    return model


def _errors(
    model: PuzzleHRM, loss_name: str, data: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, float]]:
    carry: PuzzleCarry | None = None
    for step in range(_steps(data)):
        here = {
            name.removeprefix(f"step{step}/"): torch.from_numpy(np.asarray(array))
            for name, array in data.items()
            if name.startswith(f"step{step}/")
        }
        keys = ("inputs", "labels", "puzzle_identifiers")
        batch = PuzzleBatch(*(here[f"batch/{key}"].long() for key in keys))
        carry, output = model(model.start(batch) if carry is None else carry, batch)
        model.zero_grad()
        loss = puzzle_loss(output, carry.batch.labels, loss_name)
        torch.autograd.backward(loss / len(batch.tasks))
        for name, (ours, theirs) in {
            **_values(carry, output, loss, here),
            **_gradients(model, carry, here),
        }.items():
            yield f"{name} of step {step}", _relative(ours, theirs)


def _values(
    carry: PuzzleCarry, output: PuzzleOutput, loss: Tensor, here: Mapping[str, Tensor]
) -> dict[str, tuple[Tensor, Tensor]]:
    assert output.continuing is not None
    target = output.continuing.target
    return {
        "outputs/logits": (output.logits, here["outputs/logits"]),
        # One array, as the Q-head gives it: where all of one kind are near 0 by cancellation
        # (0.2 of a state of norm 8), float32 itself is 2e-5 from float64.
        "outputs/q": (
            torch.stack((output.q_halt, output.q_continue)),
            torch.stack((here["outputs/q_halt_logits"], here["outputs/q_continue_logits"])),
        ),
        "outputs/target": (target, here["outputs/target_q_continue"]),
        "carry/z_H": (carry.states.z_h, here["z_H"]),
        "carry/z_L": (carry.states.z_l, here["z_L"]),
        "halting/halted": (carry.halted, here["halted"]),
        "halting/steps": (carry.steps, here["steps"]),
        "loss": (loss, here["loss"]),
    }


def _gradients(
    model: PuzzleHRM, carry: PuzzleCarry, here: Mapping[str, Tensor]
) -> dict[str, tuple[Tensor, Tensor]]:
    pairs = {}
    parameters = dict(model.named_parameters())
    for name, theirs in here.items():
        if not name.startswith("grad/"):
            continue
        if name == "grad/puzzle_rows":
            # Published per row of the batch; rows of one task add up in ours.
            summed = torch.zeros_like(model.tasks).index_add(0, carry.batch.tasks, theirs)
            pairs[name] = (_gradient(model.tasks), summed)
        else:
            pairs[name] = (_gradient(parameters[_our_name(name.removeprefix("grad/"))]), theirs)
    return pairs


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _relative(ours: Tensor, theirs: Tensor) -> float:
    """Largest difference over the largest published magnitude."""
    ours, theirs = ours.detach().double(), theirs.double()
    if ours.shape != theirs.shape:
        return float("inf")
    scale = theirs.abs().max().clamp(min=torch.finfo(torch.float32).tiny)
    return float((ours - theirs).abs().max() / scale)
