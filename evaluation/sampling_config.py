"""What the sections that sample programs have in common: `actors:` and `evaluation:`."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from policy.config import Decoding, Device, ModelConfig, Precision
from policy.decoding import set_decoding
from policy.device import placed
from policy.grammar import PROFILES
from policy.model import Policy
from policy.precision import at_precision
from sandbox.types import Limits


def _known(profile: str) -> str:
    if profile not in PROFILES:
        raise ValueError(f"{profile!r} is none of {', '.join(sorted(PROFILES))}")
    return profile


ProfileName = Annotated[str, AfterValidator(_known)]
"""Key of `policy.grammar.PROFILES`."""


class SamplingConfig(BaseModel):
    """What is sampled, and what a program may take when it is run."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    section: ClassVar[str]
    """Its name in a config, for messages."""

    device: Device = "auto"
    """Where to sample: `auto` (a GPU if torch sees one, else the CPU), `cpu`, `cuda` or `cuda:N`.
    An export's products of few bits are for CPUs."""

    precision: Precision = "auto"
    """Arithmetic of the sampling: float32, or bfloat16 (weights and decoding cache; probabilities
    and Q-values stay float32); `auto` is bfloat16 on a GPU that has it and on a CPU with AMX-BF16
    or AVX512-BF16, else float32. Log-probabilities are those of what was really drawn from."""

    decoding: Decoding = "auto"
    """How positions are computed: `eager`, operation by operation, or `compiled`, as one graph
    that a compiler makes before the first step; `auto` is compiled on a GPU, else eager."""

    profile: ProfileName = "core"
    """Grammar profile that programs are sampled under."""

    max_actions: int = Field(default=192, ge=8)
    """Longest program, in grammar actions; every program closes before it."""

    cpu_seconds: float = Field(default=1.0, gt=0)
    """CPU time that one program may take for all its tests, in seconds."""

    memory_bytes: int = Field(default=256 * 2**20, ge=2**25)
    """Address space that one program may take, in bytes."""

    @property
    def limits(self) -> Limits:
        """Limits of one program in the sandbox."""
        return Limits(cpu_seconds=self.cpu_seconds, memory_bytes=self.memory_bytes)

    def prepared(self, policy: Policy) -> Policy:
        """Give a policy that samples where, in what and how this says, from now on.

        It is the same one where nothing is to be changed, else a copy, which takes the weights of a
        checkpoint by `load_state_dict` as the first does.

        Raises:
            DeviceError: the device is not there, or can't have this policy.
            CompileError: its steps can't be compiled.

        """
        policy = at_precision(placed(policy, self.device, self.section), self.precision)
        set_decoding(policy, self.decoding)
        return policy

    def check_model(self, model: ModelConfig) -> None:
        """Raise ValueError where a policy of `model` can't sample so."""
        if self.max_actions > model.max_actions:
            raise ValueError(
                f"{self.section}.max_actions ({self.max_actions}) is above model.max_actions "
                f"({model.max_actions})"
            )
