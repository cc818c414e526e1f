"""What the automaton says of whole programs, for teacher forcing.

B programs, L actions, V the vocabulary.
"""

from dataclasses import dataclass

from jaxtyping import Bool, Int
from torch import Tensor


@dataclass(frozen=True)
class Trace:
    """Features and masks at every position; past a program's end the mask holds PAD alone."""

    features: Int[Tensor, "B L 6"]
    mask: Bool[Tensor, "B L V"]
    grammar_mask: Bool[Tensor, "B L V"]
    """The masks without the task's constraints; the same tensor as `mask` where no row has any."""
    legal: Bool[Tensor, " B"]
    """Whether every action was allowed and the last one closed the program."""
