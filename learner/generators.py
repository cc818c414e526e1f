"""Torch's random generators as tensors, so that a resumed run draws what it would have drawn."""

from collections.abc import Mapping

import torch
from torch import Tensor


def generator_states(device: torch.device, learner: int = 0) -> dict[str, Tensor]:
    """Return the states of the CPU's generator and of the GPU's, as `LearnerState.tensors`."""
    states = {f"rng/cpu/{learner}": torch.get_rng_state()}
    if device.type == "cuda":
        states[f"rng/cuda/{learner}"] = torch.cuda.get_rng_state(device)
    return states


def set_generator_states(
    tensors: Mapping[str, Tensor], device: torch.device, learner: int = 0
) -> None:
    """Take the states that are there; a learner or a device that is new keeps its own."""
    cpu = tensors.get(f"rng/cpu/{learner}")
    if cpu is not None:
        torch.set_rng_state(cpu)
    cuda = tensors.get(f"rng/cuda/{learner}")
    if cuda is not None and device.type == "cuda":
        torch.cuda.set_rng_state(cuda, device)
