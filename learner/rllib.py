"""The backend on Ray RLlib's new API stack: a synchronous LearnerGroup around the same functions.

`HRMModule` is the policy as a TorchRLModule, `HRMLearner` trains it with the objective and the
`Optimisation` that the local backend has, and `RllibBackend` drives a LearnerGroup of them: in the
driver (`num_learners=0`), in one process, or data-parallel in several (DDP).

How RLlib's known traps are met:

- Each learner gets a shard that the driver made, as an object reference: RLlib would cut a batch
  into pieces of different sizes, and a piece without rows stops DDP for ever.
- Means divide by counts of the whole batch, which every shard carries, not by the shard's own.
- The objective reaches every output of the policy, with zero gradients if need be; what the outputs
  do not depend on is found by DDP itself.
- States go around `Learner.set_state`, which keeps newer weights without a word.
- A learner that dies fails its whole group: the backend builds a new one from its last state.
"""

import logging
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import gymnasium
import numpy as np
import ray
import torch
from numpy.typing import NDArray
from ray.exceptions import RayError
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.learner.learner_group import LearnerGroup
from ray.rllib.core.learner.torch.torch_learner import TorchLearner
from ray.rllib.core.rl_module.multi_rl_module import MultiRLModuleSpec
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.core.rl_module.torch.torch_rl_module import TorchRLModule
from ray.rllib.policy.sample_batch import MultiAgentBatch, SampleBatch
from torch import Tensor

from learner.backend import LearnerError, LearnerState, Shard
from learner.config import LearnerConfig, ObjectiveConfig, OptimizerConfig
from learner.generators import generator_states, set_generator_states
from learner.objective import ObjectiveInputs
from learner.optim import Optimisation
from learner.step import build_policy, loss, run_policy, to_floats
from policy.config import ModelConfig, Precision
from policy.device import DeviceError, device_of
from policy.model import Policy
from policy.precision import resolve

logger = logging.getLogger(__name__)

T = TypeVar("T")

OUTPUTS = "objective_inputs"
FIGURES = "figures"
_ALIVE_SECONDS = 10.0
# Buffers are constants; which parameters a configuration leaves unused is DDP's to find out.
_DDP = {"broadcast_buffers": False, "find_unused_parameters": True}
# RLlib asks for spaces; nothing here is an environment.
_SPACE: Any = gymnasium.spaces.Discrete(1)


class HRMModule(TorchRLModule):  # type: ignore[misc]  # Ray has no types
    """The policy in RLlib's terms; its forward pass in training gives what the objective reads."""

    optimisation: Optimisation
    """The learner's; set before the first batch."""

    def setup(self) -> None:
        """Build the policy from `model_config`; every learner gets the same first weights."""
        model = ModelConfig.model_validate(self.model_config["model"])
        self.policy = build_policy(model, self.model_config["seed"])
        self._precision: Precision = self.model_config["precision"]

    def _forward_train(self, batch: Shard, **kwargs: Any) -> dict[str, list[ObjectiveInputs]]:
        # Dataclasses: DDP looks through them for their tensors but copies none of them.
        self.policy.hrm.train_steps = self.optimisation.steps
        averaged = cast(Policy, self.optimisation.ema.module)
        inputs = run_policy(self.policy, batch, precision=self._precision, averaged=averaged)
        return {OUTPUTS: inputs}


class HRMLearner(TorchLearner):  # type: ignore[misc]  # Ray has no types
    """RLlib's learner around the objective and the `Optimisation` of the local backend."""

    optimisation: Optimisation

    def build(self) -> None:
        """Build module and optimizer, then seed this process: learners draw differently."""
        settings = self.config.learner_config_dict
        torch.set_num_threads(settings["torch_threads"])
        super().build()
        torch.manual_seed(settings["seed"] + self._learner_index)

    def configure_optimizers_for_module(
        self, module_id: str, config: AlgorithmConfig | None = None
    ) -> None:
        """Register the AdamW of `Optimisation`, which alone steps it and sets its rate."""
        settings = self.config.learner_config_dict
        module = self.module[module_id].unwrapped()
        policy = module.policy
        self.optimisation = module.optimisation = Optimisation(
            policy, OptimizerConfig.model_validate(settings["optimizer"])
        )
        self.objective_config = ObjectiveConfig.model_validate(settings["objective"])
        self.register_optimizer(
            module_id=module_id,
            optimizer=self.optimisation.optimizer,
            params=list(policy.parameters()),
        )

    def compute_loss_for_module(
        self,
        *,
        module_id: str,
        config: AlgorithmConfig,
        batch: Shard,
        fwd_out: dict[str, list[ObjectiveInputs]],
    ) -> Tensor:
        """Compute the objective on this learner's shard."""
        total, found = loss(fwd_out[OUTPUTS], self.objective_config, self.optimisation.steps)
        self.metrics.log_dict(to_floats(found), key=(module_id, FIGURES), window=1)
        return total

    def apply_gradients(self, gradients_dict: dict[Hashable, Tensor]) -> None:
        """Clip, step and average; the gradients lie in the parameters, averaged by DDP."""
        found = self.optimisation.apply()
        self.metrics.log_dict(found, key=(DEFAULT_MODULE_ID, FIGURES), window=1)

    def export_state(self) -> tuple[dict[str, NDArray[np.generic]], int]:
        """Return `LearnerState` in arrays, which Ray ships without a copy."""
        state = self.optimisation.state()
        tensors = state.tensors | generator_states(self.device, self._learner_index)
        return {name: value.numpy() for name, value in tensors.items()}, state.steps

    def import_state(self, arrays: dict[str, NDArray[np.generic]], steps: int) -> None:
        """Take what `export_state` gave, whatever was here before."""
        tensors = {name: torch.tensor(value) for name, value in arrays.items()}
        self.optimisation.load_state(LearnerState(tensors, steps))
        set_generator_states(tensors, self.device, self._learner_index)
        self._weights_seq_no = steps

    def export_weights(self) -> dict[str, NDArray[np.generic]]:
        """Return the averaged weights."""
        return {name: value.numpy() for name, value in self.optimisation.weights().items()}


class RllibBackend:
    """Implements `learner.backend.Backend` with a LearnerGroup.

    Raises ValueError where Ray was not started, DeviceError where the cluster has fewer GPUs than
    asked for.
    """

    def __init__(
        self, model: ModelConfig, objective: ObjectiveConfig, config: LearnerConfig, *, seed: int
    ) -> None:
        if not ray.is_initialized():
            raise ValueError(
                "runtime=ray needs Ray to be started first (ray.init), or runtime=local"
            )
        self.num_shards = max(1, config.num_learners)
        self._config = _algorithm_config(objective, config, seed=seed)
        self._module_spec = RLModuleSpec(
            module_class=HRMModule,
            observation_space=_SPACE,
            action_space=_SPACE,
            model_config={
                "model": model.model_dump(mode="json"),
                "seed": seed,
                "precision": config.precision,
            },
        )
        self.restarts = 0
        self.group = self._build_group()
        self._last_state = self.state()
        self._steps = 0
        setting = config.precision
        (self.precision,) = self._guarded(
            lambda group: _each(group, lambda one: resolve(setting, one.device), first=True)
        )

    def _build_group(self) -> LearnerGroup:
        spec = MultiRLModuleSpec(rl_module_specs={DEFAULT_MODULE_ID: self._module_spec})
        return LearnerGroup(config=self._config, module_spec=spec)

    @property
    def steps(self) -> int:
        """Updates done."""
        return self._steps

    def update(self, shards: tuple[Shard, ...]) -> dict[str, float]:
        """One train step; see `Backend.update`. The group is rebuilt when a learner has died."""
        batches = [_to_batch(shard) for shard in shards]
        results = self._guarded(lambda group: _update(group, batches))
        self._steps += 1
        found = [result[DEFAULT_MODULE_ID][FIGURES] for result in results]
        return {name: sum(f[name].peek() for f in found) / len(found) for name in found[0]}

    def weights(self) -> dict[str, Tensor]:
        """See `Backend.weights`."""
        (arrays,) = self._guarded(lambda group: _each(group, HRMLearner.export_weights, first=True))
        return {name: torch.tensor(value) for name, value in arrays.items()}

    def state(self) -> LearnerState:
        """See `Backend.state`; also what a group that lost a learner is rebuilt from."""
        first, *others = self._guarded(lambda group: _each(group, HRMLearner.export_state))
        arrays, steps = first
        # The learners hold the same but for their random generators.
        for other, _ in others:
            arrays |= {name: value for name, value in other.items() if name.startswith("rng/")}
        tensors = {name: torch.tensor(value) for name, value in arrays.items()}
        self._last_state = LearnerState(tensors, steps)
        return self._last_state

    def load_state(self, state: LearnerState) -> None:
        """See `Backend.load_state`."""
        self._guarded(lambda group: _import(group, state))
        self._last_state = state
        self._steps = state.steps

    def close(self) -> None:
        """End the learner processes."""
        self.group.shutdown()

    def _guarded(self, call: Callable[[LearnerGroup], list[T]]) -> list[T]:
        """Run a call on the group; where learners have died, rebuild the group and run it again."""
        try:
            return call(self.group)
        except RayError as error:
            alive = _count_alive(self.group)
            if alive == self.num_shards:
                raise  # the call itself failed: a new group would fail as well
            lost = self._steps - self._last_state.steps
            logger.warning(
                "%d of %d learners died (%s): rebuilding them from step %d, %d updates are lost",
                self.num_shards - alive,
                self.num_shards,
                type(error).__name__,
                self._last_state.steps,
                lost,
            )
        try:
            self.group.shutdown()
            self.group = self._build_group()
            self.restarts += 1
            _import(self.group, self._last_state)
            self._steps = self._last_state.steps
            return call(self.group)
        except RayError as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[-200:]}"
            raise LearnerError(f"learners died and can't be rebuilt: {reason}") from error


def _algorithm_config(
    objective: ObjectiveConfig, config: LearnerConfig, *, seed: int
) -> AlgorithmConfig:
    gpus, local_gpu = gpus_of_learners(config), 0
    if gpus and not config.num_learners:
        local_gpu = device_of(config.device, "learner").index
    return (
        AlgorithmConfig()
        .framework("torch", torch_ddp_kwargs=_DDP)
        .learners(
            num_learners=config.num_learners,
            num_gpus_per_learner=gpus // max(1, config.num_learners),
            local_gpu_idx=local_gpu,
            learner_class=HRMLearner,
            learner_config_dict={
                "objective": objective.model_dump(mode="json"),
                "optimizer": config.optimizer.model_dump(mode="json"),
                "torch_threads": config.torch_threads,
                "seed": seed,
            },
        )
    )


def gpus_of_learners(config: LearnerConfig) -> int:
    """Say on how many GPUs is trained; that of a driver which trains is not of Ray's reckoning.

    Raises DeviceError where there are fewer than asked for.
    """
    if config.num_learners == 0:
        return int(device_of(config.device, "learner").type == "cuda")
    gpus = int(ray.cluster_resources().get("GPU", 0))
    if config.device == "cuda" and gpus < config.num_learners:
        raise DeviceError(
            f"learner.device is cuda and learner.num_learners {config.num_learners}, but the Ray "
            f"cluster has {gpus} GPUs: set learner.device=cpu or lower learner.num_learners"
        )
    takes = config.device != "cpu" and gpus >= config.num_learners
    return config.num_learners if takes else 0


def _to_batch(shard: Shard) -> MultiAgentBatch:
    # SampleBatch counts its rows by the first column; it checks no other, and nothing slices it.
    rows = SampleBatch(dict(shard))
    return MultiAgentBatch({DEFAULT_MODULE_ID: rows}, env_steps=len(rows))


def _update(group: LearnerGroup, batches: list[MultiAgentBatch]) -> list[dict[str, Any]]:
    given = (
        {"batch": batches[0]}
        if group.is_local
        else {"batch_refs": [ray.put(batch) for batch in batches]}
    )
    results: list[dict[str, Any]] = group.update(**given)
    return results


def _each(
    group: LearnerGroup, method: Callable[[HRMLearner], T], *, first: bool = False
) -> list[T]:
    """Call a method on every learner, or on the first alone."""
    ids = [0] if first and group.is_remote else None
    found: list[T] = []
    for result in group.foreach_learner(method, remote_actor_ids=ids):
        if not result.ok:
            raise result.get()
        found.append(result.get())
    return found


def _import(group: LearnerGroup, state: LearnerState) -> list[None]:
    arrays = {name: value.numpy() for name, value in state.tensors.items()}
    if group.is_local:
        return _each(group, lambda learner: learner.import_state(arrays, state.steps))
    shared, steps = ray.put(arrays), state.steps
    return _each(group, lambda learner: learner.import_state(ray.get(shared), steps))


def _count_alive(group: LearnerGroup) -> int:
    # RLlib calls a learner unhealthy after any error: ask those too.
    answers = group.foreach_learner(
        lambda _: True, healthy_only=False, timeout_seconds=_ALIVE_SECONDS
    )
    return sum(answer.ok for answer in answers)
