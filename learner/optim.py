"""What follows the gradient, under every backend: clip, AdamW, schedule, moving average."""

import math

import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.swa_utils import AveragedModel

from learner.backend import LearnerState
from learner.config import OptimizerConfig

_Tensors = list[Tensor] | tuple[Tensor, ...]


def learning_rate(step: int, config: OptimizerConfig) -> float:
    """Warm up linearly, then follow a cosine down to the final rate; of the step alone.

    So there is no scheduler whose state a checkpoint could miss.
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    if config.decay_steps == 0:
        return config.learning_rate
    share = min((step - config.warmup_steps) / config.decay_steps, 1.0)
    final = config.final_learning_rate_ratio
    return config.learning_rate * (final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * share)))


class Optimisation:
    """The optimizer and the moving average of one policy, and their state.

    `apply()` uses the gradients that lie in the parameters, so that plain torch, RLlib and DDP
    differ in nothing but how these came there.
    """

    def __init__(self, policy: nn.Module, config: OptimizerConfig) -> None:
        self.config = config
        self.steps = 0
        self._policy = policy
        self._names: dict[Tensor, str] = {param: name for name, param in policy.named_parameters()}
        self.optimizer = make_optimizer(policy, config)
        self.ema = AveragedModel(policy, multi_avg_fn=self._average)
        self.ema.requires_grad_(False)

    def _average(self, averaged: _Tensors, current: _Tensors, _: Tensor | int) -> None:
        # Early weights are forgotten quickly: decay rises to its setting over the first steps.
        decay = min(self.config.ema_decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(averaged, current, 1.0 - decay)

    def apply(self) -> dict[str, float]:
        """Clip, step and average; a gradient that is not finite changes nothing.

        Returns the learning rate, the gradient's L2 norm before clipping and whether the update was
        skipped.
        """
        rate = learning_rate(self.steps, self.config)
        norm = nn.utils.clip_grad_norm_(self._policy.parameters(), self.config.clip_norm)
        finite = bool(norm.isfinite())
        if finite:
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.optimizer.step()
            self.ema.update_parameters(self._policy)
        self.steps += 1
        return {
            "learning_rate": rate,
            "gradient_norm": float(norm),
            "skipped_update": float(not finite),
        }

    def weights(self) -> dict[str, Tensor]:
        """Return the averaged weights by parameter name: copies on the CPU."""
        return {name: _copy(value) for name, value in self.ema.module.state_dict().items()}

    def state(self) -> LearnerState:
        """Return weights, average and AdamW's moments, flat, by parameter name."""
        tensors = {f"weights/{n}": _copy(v) for n, v in self._policy.state_dict().items()}
        tensors |= {f"ema/{n}": value for n, value in self.weights().items()}
        for param, slots in self.optimizer.state.items():
            name = self._names[param]
            tensors |= {f"optimizer/{name}/{slot}": _copy(v) for slot, v in slots.items()}
        return LearnerState(tensors, self.steps)

    def load_state(self, state: LearnerState) -> None:
        """Take every tensor of a state; raise ValueError where one is missing or does not fit."""
        try:
            self._policy.load_state_dict(_under("weights/", state.tensors))
            self.ema.module.load_state_dict(_under("ema/", state.tensors))
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"the state is of another model than the config's: {reason}") from None
        self._load_optimizer(_under("optimizer/", state.tensors))
        self.ema.n_averaged.fill_(min(state.steps, 1))
        self.steps = state.steps

    def _load_optimizer(self, moments: dict[str, Tensor]) -> None:
        self.optimizer.state.clear()
        for param, name in self._names.items():
            slots = _under(f"{name}/", moments)
            if slots:  # a parameter that never had a gradient has none
                self.optimizer.state[param] = {
                    slot: value.to(param.device, copy=True) for slot, value in slots.items()
                }


def make_optimizer(policy: nn.Module, config: OptimizerConfig) -> AdamW:
    """Return an AdamW that decays matrices only."""
    params = [param for param in policy.parameters() if param.requires_grad]
    groups = [
        {"params": [p for p in params if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=config.learning_rate, betas=(config.beta1, config.beta2), fused=True)


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
