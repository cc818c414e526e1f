"""The rules of typed holes as tables over states of expectation and actions, on a device.

E states (0: nothing is expected), V actions, T types of names, P sets of atoms that names are asked
to meet, W words of a set of actions, K writes that an action makes at most.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Int
from torch import Tensor

from policy.grammar import typed_files
from policy.grammar.operations import widen
from policy.grammar.profiles import Profile
from policy.grammar.value_types import of_result


@dataclass(frozen=True, eq=False)
class Typing:
    """The tables of a profile, on one device."""

    sets: Int[Tensor, "E W"]
    """Actions allowed, names and literals aside."""
    planes: Int[Tensor, " E"]
    """Which set of atoms a name must meet."""
    meets: Int[Tensor, "V+T P"]
    """-1 where a name of the type V + t meets the atoms; 0 for what is no name."""
    fill: Int[Tensor, " E*(V+T)"]
    """int32: the row of `pushes` of an action where a state is expected."""
    pushes: Int[Tensor, "U 2K+1"]
    """Places from the new top of the stack on, the states written there, and what the action stands
    for from now on (V + t for a name of type t)."""
    blocks: dict[int, int]
    """By atoms that a function may return, the state of its body."""
    atoms: tuple[int, ...]
    """[P]"""


@lru_cache(maxsize=8)
def typing_on(profile: Profile, device: torch.device) -> Typing:
    """The tables of a profile."""
    found = typed_files.arrays(profile)
    return Typing(
        sets=torch.from_numpy(found.sets).to(device),
        planes=torch.from_numpy(found.planes).to(device),
        meets=torch.from_numpy(found.meets).to(device),
        fill=torch.from_numpy(found.fill).to(device),
        pushes=torch.from_numpy(found.pushes).to(device),
        blocks=dict(found.blocks.tolist()),
        atoms=tuple(found.atoms.tolist()),
    )


def body_state(on: Typing, returns: str) -> int:
    """The state of the body of a function whose signature says that."""
    return on.blocks[widen(of_result(returns))]
