"""The train step in plain torch: forward, objective, backward, clip, AdamW, moving average."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

import torch
from torch import Tensor

from learner.backend import LearnerState, Shard
from learner.batch import Part, read_shard
from learner.config import LearnerConfig, ObjectiveConfig
from learner.objective import Counts, ObjectiveInputs, Targets, objective
from learner.optim import Optimisation
from policy.config import ModelConfig
from policy.model import Policy, SpecStates


def build_policy(config: ModelConfig, seed: int) -> Policy:
    """Return a policy whose weights depend on the seed alone; no generator is moved by it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Policy(config)


def run_policy(policy: Policy, shard: Shard, *, bfloat16: bool) -> list[ObjectiveInputs]:
    """Run the forward pass on a shard that lies on the policy's device; one result a part."""
    batch = read_shard(shard)
    device = batch.spec.ids.device
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        states = policy.encode_spec(batch.spec)
        return [_run_part(policy, states, part, batch.counts) for part in batch.parts]


def _run_part(policy: Policy, states: SpecStates, part: Part, counts: Counts) -> ObjectiveInputs:
    output = policy(states, part.spec_rows, part.actions, part.features, part.valid)
    targets = {field.name: getattr(part, field.name) for field in fields(Targets)}
    return ObjectiveInputs(
        logits=output.logits,
        q_halt=output.q_halt.float(),
        q_continue=output.q_continue.float(),
        strategy=tuple(logits.float() for logits in output.strategy),
        counts=counts,
        **targets,
    )


def loss(
    parts: Sequence[ObjectiveInputs], config: ObjectiveConfig, step: int
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the objective over all parts, and its figures under the names that backends report.

    Means divide by the counts of the whole batch, so parts add up.
    """
    outputs = [objective(part, config, step) for part in parts]
    total = torch.stack([output.total for output in outputs]).sum()
    figures = [
        {f"loss/{name}": term.detach() for name, term in output.terms.items()} | output.diagnostics
        for output in outputs
    ]
    found = {name: torch.stack([one[name] for one in figures]).sum() for name in figures[0]}
    return total, {"loss/total": total.detach()} | found


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
        parts = run_policy(self.policy, shard, bfloat16=self._bfloat16)
        total, found = loss(parts, self._objective_config, self.optimisation.steps)
        self.optimisation.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        return to_floats(found) | self.optimisation.apply()

    def state(self) -> LearnerState:
        """See `Backend.state`; the generators are the backend's."""
        return self.optimisation.state()

    def load_state(self, state: LearnerState) -> None:
        """See `Backend.load_state`."""
        self.optimisation.load_state(state)
