"""What a backend is: `local` (plain torch) and `rllib` (a LearnerGroup) have one interface.

How the train loop uses it:

    while training:
        figures = backend.update(collate(rows, num_shards=backend.num_shards))
        publisher.publish(backend.weights())
    save(directory, Checkpoint(backend.state(), ...))
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from policy.precision import Arithmetic

Shard = Mapping[str, Tensor]
"""One learner's part of a batch: a flat dict of tensors, `learner.batch.collate` says which."""


class LearnerError(RuntimeError):
    """A learner process died and could not be brought back."""


@dataclass(frozen=True)
class LearnerState:
    """Everything that an update reads or writes, ready for safetensors and JSON."""

    tensors: dict[str, Tensor]
    """`weights/NAME`, `ema/NAME`, `optimizer/NAME/SLOT`, `rng/…`; on the CPU."""
    steps: int
    """Updates done."""


class Backend(Protocol):
    """Trains one policy. Not thread-safe: one driver calls it."""

    num_shards: int
    """Shards that each batch must come in."""
    precision: Arithmetic
    """What `LearnerConfig.precision` comes to on the learners' device."""

    @property
    def steps(self) -> int:
        """Updates done."""
        ...

    def update(self, shards: tuple[Shard, ...]) -> dict[str, float]:
        """Train once on a batch; return the loss, its terms and diagnostics.

        Raises LearnerError when learner processes died and could not be replaced.
        """
        ...

    def weights(self) -> dict[str, Tensor]:
        """Return the moving average of the weights by parameter name, on the CPU."""
        ...

    def state(self) -> LearnerState:
        """Return a copy of everything that the next update depends on."""
        ...

    def load_state(self, state: LearnerState) -> None:
        """Go on from a state. Raises ValueError where its tensors do not fit the policy."""
        ...

    def close(self) -> None:
        """End every process that the backend started."""
        ...
