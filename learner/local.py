"""The backend without Ray: one policy, trained in the driver's process."""

import torch
from torch import Tensor

from learner.backend import LearnerState, Shard
from learner.config import LearnerConfig, ObjectiveConfig
from learner.generators import generator_states, set_generator_states
from learner.step import TrainStep, build_policy
from policy.config import ModelConfig
from policy.device import device_of
from policy.precision import resolve


class LocalBackend:
    """Implements `learner.backend.Backend` with plain torch.

    Raises DeviceError where the device is absent, ValueError where more than one learner is asked
    for.
    """

    num_shards = 1

    def __init__(
        self, model: ModelConfig, objective: ObjectiveConfig, config: LearnerConfig, *, seed: int
    ) -> None:
        if config.num_learners > 1:
            raise ValueError(
                f"learner.num_learners is {config.num_learners}, but runtime=local trains in one "
                "process: set learner.num_learners=0 or runtime=ray"
            )
        torch.set_num_threads(config.torch_threads)
        self._device = device_of(config.device, "learner")
        self.precision = resolve(config.precision, self._device)
        policy = build_policy(model, seed).to(self._device)
        self._step = TrainStep(policy, objective, config)
        torch.manual_seed(seed)

    @property
    def steps(self) -> int:
        """Updates done."""
        return self._step.optimisation.steps

    def update(self, shards: tuple[Shard, ...]) -> dict[str, float]:
        """One train step; see `Backend.update`."""
        (shard,) = shards
        return self._step({name: value.to(self._device) for name, value in shard.items()})

    def weights(self) -> dict[str, Tensor]:
        """See `Backend.weights`."""
        return self._step.optimisation.weights()

    def state(self) -> LearnerState:
        """See `Backend.state`."""
        state = self._step.state()
        return LearnerState(state.tensors | generator_states(self._device), state.steps)

    def load_state(self, state: LearnerState) -> None:
        """See `Backend.load_state`."""
        self._step.load_state(state)
        set_generator_states(state.tensors, self._device)

    def close(self) -> None:
        """Nothing was started."""
