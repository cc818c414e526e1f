"""What the automaton says of whole programs, for teacher forcing.

B programs, L actions, V the vocabulary, W words of a set of actions.
"""

from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Bool, Int
from torch import Tensor

from policy.grammar.masks import unpack


@dataclass(frozen=True)
class Trace:
    """Features and masks at every position; past a program's end the mask holds PAD alone."""

    features: Int[Tensor, "B L 6"]
    sets: Int[Tensor, "B L W"]
    """The masks as sets of actions: action a is bit a % 64 of word a // 64."""
    grammar_sets: Int[Tensor, "B L W"]
    """Those without the task's constraints; the same tensor as `sets` where no row has any."""
    legal: Bool[Tensor, " B"]
    """Whether every action was allowed and the last one closed the program."""

    @cached_property
    def mask(self) -> Bool[Tensor, "B L V"]:
        """`sets` as booleans."""
        return unpack(self.sets)

    @cached_property
    def grammar_mask(self) -> Bool[Tensor, "B L V"]:
        """`grammar_sets` as booleans."""
        return unpack(self.grammar_sets)
