"""The random numbers that programs are drawn by: from one generator, or from one for each spec.

With one for each, the numbers of a spec's programs are drawn at once, so what becomes of them does
not depend on the other specs (but for the rounding of sums, which may differ with the batch).
Numbers are drawn on the CPU and then moved: a seed gives the same ones on every device.

Shapes: F programs, W programs wanted, L positions.
"""

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

Generators = torch.Generator | Sequence[torch.Generator] | None
"""One for all specs (None: torch's own), or one for each; on the CPU, wherever the policy is."""

CPU = torch.device("cpu")


class Uniforms:
    """Numbers from 0 up to 1, one for each program and position."""

    def __init__(
        self, generator: torch.Generator | None, table: Float[Tensor, "W L"] | None = None
    ) -> None:
        """`table` holds every number where they were drawn before."""
        self._generator, self._table = generator, table

    @classmethod
    def of(
        cls,
        generators: Generators,
        counts: Iterable[tuple[int, int]],
        positions: int,
        device: torch.device,
    ) -> "Uniforms":
        """Give those of the programs of `counts`: (spec, how many) in the programs' order."""
        if not isinstance(generators, Sequence):
            return cls(generators)
        drawn = [
            torch.rand(
                count, positions, generator=generators[spec], dtype=torch.float64, device=CPU
            )
            for spec, count in counts
        ]
        return cls(None, torch.cat(drawn).to(device))

    def at(self, programs: Int[Tensor, " F"], positions: Int[Tensor, " F"]) -> Float[Tensor, "F 1"]:
        """Return the programs' numbers, in double precision."""
        if self._table is not None:
            return self._table[programs, positions][:, None]
        drawn = torch.rand(
            len(programs), 1, generator=self._generator, dtype=torch.float64, device=CPU
        )
        # Nobody waits for a GPU here: the copy has left this memory when the call returns.
        return drawn.to(programs.device, non_blocking=True)


def of_specs(generators: Generators, specs: Iterable[int]) -> Generators:
    """Return what draws for some of the specs."""
    if not isinstance(generators, Sequence):
        return generators
    return [generators[spec] for spec in specs]
