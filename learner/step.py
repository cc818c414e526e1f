"""The train step in plain torch: forward, objective, backward, clip, AdamW, moving average."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import cast

import torch
from torch import Tensor

from learner.backend import LearnerState, Shard
from learner.batch import Batch, Part, read_shard
from learner.config import LearnerConfig, ObjectiveConfig
from learner.objective import Counts, ObjectiveInputs, Targets, continue_target, objective
from learner.optim import Optimisation
from policy.config import ModelConfig, Precision
from policy.model import Policy
from policy.network import PolicyOutput, SpecStates
from policy.precision import autocast


def build_policy(config: ModelConfig, seed: int) -> Policy:
    """Return a policy whose weights depend on the seed alone; no generator is moved by it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Policy(config)


def run_policy(
    policy: Policy, shard: Shard, *, precision: Precision, averaged: Policy
) -> list[ObjectiveInputs]:
    """Run the forward pass on a shard that lies on the policy's device; one result a part.

    `averaged` is the policy of the weights' moving average, whose values are the targets where
    `q_target` is `lagged`.
    """
    batch = read_shard(shard)
    device = batch.spec.ids.device
    with autocast(precision, device):
        states = policy.encode_spec(batch.spec)
        found = _outputs(policy, states, batch)
        targets = _continue_targets(policy, found, averaged, batch)
        pointer = policy.point(states) if policy.config.refine else None
    acts = policy.config.hrm.act == "halt_continue"
    return [
        replace(
            _inputs(*one, batch.counts, learn_continue=acts),
            pointer=None if pointer is None else pointer[one[0].spec_rows],
            judges_drafts=policy.config.judges_drafts,
        )
        for one in zip(batch.parts, found, targets, strict=True)
    ]


def _outputs(policy: Policy, states: SpecStates, batch: Batch) -> list[PolicyOutput]:
    return [
        policy(states, part.spec_rows, part.actions, part.features, part.valid)
        for part in batch.parts
    ]


def _continue_targets(
    policy: Policy, outputs: list[PolicyOutput], averaged: Policy, batch: Batch
) -> list[Tensor | None]:
    core = policy.config.hrm
    if core.act != "halt_continue" or core.q_target == "bootstrapped":
        return [None] * len(outputs)
    if core.q_target == "lagged":
        with torch.no_grad():
            outputs = _outputs(averaged, averaged.encode_spec(batch.spec), batch)
    return [
        continue_target(output.q_halt, output.q_continue, output.q_beyond) for output in outputs
    ]


def _inputs(
    part: Part, output: PolicyOutput, target: Tensor | None, counts: Counts, *, learn_continue: bool
) -> ObjectiveInputs:
    targets = {field.name: getattr(part, field.name) for field in fields(Targets)}
    return ObjectiveInputs(
        logits=output.logits,
        q_halt=output.q_halt,
        q_continue=output.q_continue,
        strategy=output.strategy,
        q_continue_target=target,
        learn_continue=learn_continue,
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
        self._precision = config.precision

    def __call__(self, shard: Shard) -> dict[str, float]:
        """Train on a batch that lies on the policy's device; returns its figures."""
        self.policy.hrm.train_steps = self.optimisation.steps
        averaged = cast(Policy, self.optimisation.ema.module)
        parts = run_policy(self.policy, shard, precision=self._precision, averaged=averaged)
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
