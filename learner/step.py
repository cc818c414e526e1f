"""The train step in plain torch: forward, objective, backward, clip, AdamW, moving average."""

import contextlib
from collections.abc import Mapping

import torch
from torch import Tensor

from learner.backend import LearnerState, Shard
from learner.batch import read_shard
from learner.config import LearnerConfig, ObjectiveConfig
from learner.objective import ObjectiveInputs, ObjectiveOutputs, objective
from learner.optim import Optimisation
from policy.config import ModelConfig
from policy.model import Policy


def build_policy(config: ModelConfig, seed: int) -> Policy:
    """Return a policy whose weights depend on the seed alone; no generator is moved by it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Policy(config)


def run_policy(policy: Policy, shard: Shard, *, step: int = 0, bfloat16: bool) -> ObjectiveInputs:
    """Run the forward pass on a shard that lies on the policy's device."""
    read = read_shard(shard)
    device = read.actions.device
    autocast = torch.autocast(device.type, torch.bfloat16) if bfloat16 else contextlib.nullcontext()
    with autocast:
        states = policy.encode_spec(read.spec)
        output = policy(states, read.spec_rows, read.actions, read.features, read.valid)
    return ObjectiveInputs(
        logits=output.logits,
        q_halt=output.q_halt.float(),
        q_continue=output.q_continue.float(),
        strategy=tuple(logits.float() for logits in output.strategy),
        actions=read.actions,
        valid=read.valid,
        mask=read.mask,
        constrained=read.constrained,
        grammar_mask=read.grammar_mask,
        kind=read.kind,
        solved=read.solved,
        reward=read.reward,
        group_mean=read.group_mean,
        group_std=read.group_std,
        temperature=read.temperature,
        behaviour_logprobs=read.behaviour_logprobs,
        lag=read.lag,
        strategy_labels=read.strategy_labels,
        counts=read.counts,
        step=step,
    )


def figures(outputs: ObjectiveOutputs) -> dict[str, Tensor]:
    """Return the loss, its terms and the diagnostics under the names that every backend reports."""
    return {
        "loss/total": outputs.total.detach(),
        **{f"loss/{name}": term.detach() for name, term in outputs.terms.items()},
        **outputs.diagnostics,
    }


def to_floats(values: Mapping[str, Tensor]) -> dict[str, float]:
    """Return scalars as floats, with one transfer from the device."""
    return dict(zip(values, torch.stack(list(values.values())).tolist(), strict=True))


class TrainStep:
    """One policy, its optimizer and the settings: `step(shard)` trains once."""

    def __init__(
        self, policy: Policy, objective_config: ObjectiveConfig, config: LearnerConfig
    ) -> None:
        self.policy = policy.train()
        self.optimisation = Optimisation(policy, config.optimizer)
        self._objective_config = objective_config
        self._bfloat16 = config.precision == "bfloat16"

    def __call__(self, shard: Shard) -> dict[str, float]:
        """Train on a batch that lies on the policy's device; returns its figures."""
        inputs = run_policy(
            self.policy, shard, step=self.optimisation.steps, bfloat16=self._bfloat16
        )
        outputs = objective(inputs, self._objective_config)
        self.optimisation.optimizer.zero_grad(set_to_none=True)
        outputs.total.backward()
        return to_floats(figures(outputs)) | self.optimisation.apply()

    def state(self) -> LearnerState:
        """See `Backend.state`; the generators are the backend's."""
        return self.optimisation.state()

    def load_state(self, state: LearnerState) -> None:
        """See `Backend.load_state`."""
        self.optimisation.load_state(state)
